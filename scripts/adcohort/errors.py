"""Errors that a person can act on."""

import contextlib
import gc
import sys
from collections.abc import Iterable, Iterator


class StudyError(Exception):
    """The study cannot be analysed as it is.

    Parameters
    ----------
    problems
        One sentence a problem (or a single one): where, what is wrong, what to do. All of them are shown together.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


@contextlib.contextmanager
def for_the_person_at_the_keyboard() -> Iterator[None]:
    """A program's frame: a StudyError becomes its message and exit status 1; a traceback stays the sign of a bug."""
    try:
        yield
    except StudyError as problem:
        sys.exit("\n".join(f"error: {line}" for line in problem.problems))
    except KeyboardInterrupt:
        sys.exit("error: interrupted.")
    except PermissionError as problem:
        sys.exit(f"error: no permission for {problem.filename}: ask its owner, or change its mode.")
    except OSError as problem:
        if problem.errno is None or (problem.filename is None and problem.errno != 28):
            raise
        sys.exit(f"error: {problem.filename or 'disk'}: {problem.strerror}.")
    finally:
        gc.freeze()  # nothing is looked through for garbage on the way out: 10 ms where numpy is imported
