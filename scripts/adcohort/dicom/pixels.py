"""Pixel data of one file as stored numbers, whatever the transfer syntax."""

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

_TYPES = {
    (8, False): "u1",
    (8, True): "i1",
    (16, False): "<u2",
    (16, True): "<i2",
    (32, False): "<u4",
    (32, True): "<i4",
}


class NotUsable(ValueError):
    """The pixel data are not all there (`truncated`) or cannot be decoded; the message says how."""

    def __init__(self, detail: str, *, truncated: bool = False) -> None:
        self.truncated = truncated
        super().__init__(detail)


def stored(content: bytes | memoryview, start: int | None, layout: Mapping[str, Any]) -> np.ndarray:
    """Stored numbers of a file, [frame, row, column]; the tiles of a mosaic are its frames.

    Parameters
    ----------
    content
        The whole file.
    start
        Where uncompressed little endian pixel data begin; None = the file is decoded by pydicom and its codecs.
    layout
        rows, columns, n_frames, samples, bits, signed; tiles and mosaic_size for a mosaic.

    Raises
    ------
    NotUsable
        For pixel data that end early, are coloured or cannot be decoded.
    """
    if layout["samples"] != 1:
        raise NotUsable("colour image")
    rows, columns = layout.get("mosaic_size") or (layout["rows"], layout["columns"])
    shape = (layout["n_frames"], rows, columns)
    if start is None or (layout["bits"], layout["signed"]) not in _TYPES:
        values = _decoded(content)
        if values.size != np.prod(shape):
            raise NotUsable(f"{values.size} of {np.prod(shape)} pixels", truncated=values.size < np.prod(shape))
        values = values.reshape(shape)
    else:
        kind = np.dtype(_TYPES[layout["bits"], layout["signed"]])
        count = int(np.prod(shape))
        if start + count * kind.itemsize > len(content):
            raise NotUsable("the file ends before its pixel data do", truncated=True)
        values = np.frombuffer(content, kind, count, start).reshape(shape)
    if "tiles" in layout:
        down, across = layout["tiles"]
        tiled = values.reshape(down, layout["rows"], across, layout["columns"])
        values = tiled.swapaxes(1, 2).reshape(down * across, layout["rows"], layout["columns"])
    return values


def _decoded(content: bytes | memoryview) -> np.ndarray:
    import pydicom
    from pydicom.pixels import pixel_array

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(io.BytesIO(content), force=True)
            if "TransferSyntaxUID" not in dataset.file_meta:
                implicit, little = dataset.original_encoding
                kind = "" if implicit else f".{1 if little else 2}"
                dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(f"1.2.840.10008.1.2{kind}")
            values = pixel_array(dataset, raw=True)
            return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
        except Exception as problem:  # codecs raise many kinds on damaged data
            raise NotUsable(f"the decoder gave up ({type(problem).__name__})") from problem
