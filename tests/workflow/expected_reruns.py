"""What each change reruns: the expected cells of docs/reruns.md, by the titles in test_reruns.py."""

EXPECTED: dict[str, str] = {}
