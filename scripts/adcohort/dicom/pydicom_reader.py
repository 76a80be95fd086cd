"""The reference reader: pydicom finds the elements; their bytes are decoded as the fast reader's are."""

import io
import warnings
from typing import Any

from adcohort.dicom.elements import Elements


class NotDicom(ValueError):
    """The bytes are no DICOM file, or no part of one that can be read."""


class PydicomElements(Elements):
    """A pydicom dataset."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.little = bool(dataset.original_encoding[1] is not False)

    def raw(self, tag: int) -> tuple[str, bytes] | None:
        """Value representation and bytes."""
        from pydicom.dataelem import RawDataElement

        element = self.dataset.get_item(tag, keep_deferred=True)
        if element is None:
            return None
        if isinstance(element, RawDataElement):
            return element.VR or "", bytes(element.value or b"")
        if element.VR == "SQ":
            return "SQ", b"\0" if len(element.value) else b""
        return element.VR, _encoded(element)

    def items_at(self, tag: int) -> list[Elements]:
        """Items of a sequence."""
        if tag not in self.dataset:
            return []
        element = self.dataset[tag]
        return [PydicomElements(item) for item in element.value] if element.VR == "SQ" else []


def read(buffer: bytes) -> tuple[PydicomElements, str, int | None]:
    """The dataset, its transfer syntax, and the length of its pixel data (None: there are none; -1: encapsulated).

    Raises
    ------
    NotDicom
        If pydicom cannot read it, or finds nothing that a DICOM object must have.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(io.BytesIO(buffer), force=buffer[128:132] != b"DICM")
            elements = PydicomElements(dataset)
            syntax = str(dataset.file_meta.get("TransferSyntaxUID", "")) if hasattr(dataset, "file_meta") else ""
            if not elements.has("SOPClassUID") and "MediaStorageSOPClassUID" not in dataset.file_meta:
                raise NotDicom("no SOP class")
        except NotDicom:
            raise
        except (InvalidDicomError, Exception) as problem:  # pydicom raises many kinds on damaged files
            raise NotDicom(type(problem).__name__) from problem
    return elements, syntax or _guessed_syntax(dataset), _pixel_length(elements)


def _pixel_length(elements: PydicomElements) -> int | None:
    for tag in (0x7FE00010, 0x7FE00008, 0x7FE00009):
        element = elements.dataset.get_item(tag)
        if element is not None:
            stated = getattr(element, "length", None)
            return -1 if stated == 0xFFFFFFFF else len(element.value or b"")
    return None


def _guessed_syntax(dataset: Any) -> str:
    implicit, little = dataset.original_encoding
    return "1.2.840.10008.1.2" if implicit else ("1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2")


def _encoded(element: Any) -> bytes:
    """Bytes of an element that pydicom has converted already (character set, and private elements with a known VR)."""
    value = element.value
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    many = value if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue" else [value]
    return "\\".join(str(part) for part in many).encode("latin-1", "replace")
