"""Why a record, a series or a visit was not used, or was flagged: the closed list. resources/reasons.yaml explains each."""

from enum import StrEnum


class Decision(StrEnum):
    """What became of a record."""

    EXCLUDED = "excluded"
    FLAGGED = "flagged"


class Reason(StrEnum):
    """Closed list; a stage adds its own here and in resources/reasons.yaml."""

    # who and when
    UNKNOWN_PARTICIPANT = "unknown participant"
    NO_DATE = "no date"
    OUTSIDE_EVERY_WINDOW = "outside every window"
    NOT_NEAREST_IN_WINDOW = "not nearest in window"
    BASELINE_AFTER_START = "baseline after start"
    DUPLICATE = "duplicate"
    # imaging files and series
    NOT_DICOM = "not DICOM"
    ZERO_BYTE = "zero-byte"
    TRUNCATED = "truncated"
    UNDECODABLE = "undecodable"
    NON_IMAGE_OBJECT = "non-image object"
    DICOMDIR = "DICOMDIR"
    NOT_DIFFUSION = "not diffusion"
    VENDOR_MAP = "vendor map"
    NO_B_VALUE = "no b value"
    ONE_B_VALUE = "one b value"
    MISSING_SLICES = "missing slices"
    MIXED_GEOMETRY = "mixed geometry"
    NO_SIGNAL_DECAY = "no signal decay"
    # values of tables
    IMPLAUSIBLE = "implausible value"
    IMPOSSIBLE = "impossible value"
    # adverse events, doses, lesions
    UNMAPPED_TERM = "unmapped term"
    IMPOSSIBLE_GRADE = "impossible grade"
    UNREADABLE_GRADE = "unreadable grade"
    END_BEFORE_START = "end before start"
    OVERLAPPING_SPANS = "overlapping spans"
    NO_LAST_DOSE = "no last dose"
    UNREADABLE_VALUE = "unreadable value"
    NO_BASELINE = "no baseline"
    TWO_BASELINES = "two baselines"
    ORGAN_CHANGED = "organ changed"
    TOO_MANY_TARGETS = "too many target lesions"
    NOT_MEASURABLE = "not measurable at baseline"
    LESION_MISSING = "lesion not assessed"
    UNKNOWN_LESION = "lesion without baseline"
    AFTER_NEW_THERAPY = "after new therapy"
    AFTER_DEATH = "after last contact"
    MISSING_COLUMN = "missing column"
