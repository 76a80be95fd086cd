"""Time and size of the report by number of participants: made-up results, figures, two pictures a participant.

python benchmarks/report_size.py 40 1000
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).parents[1]
sys.path[:0] = [str(HOME / "scripts"), str(HOME / "tests")]

import fake_results  # noqa: E402
import report_of  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("participants", type=int, nargs="+")
    args = parser.parse_args()
    print("participants\tseconds\treport_mb\tpages\tword_mb")
    for count in args.participants:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            results = folder / "results"
            fake_results.build(results, n=count)
            report_of.draw_some(results, results / "figures")
            report_of.paint(folder / "quality", count, size=(600, 250))
            start = time.perf_counter()
            page = report_of.write(results, folder / "out", report_of.config(), "--quality", str(folder / "quality"))
            seconds = time.perf_counter() - start
            pages = len(list((folder / "out/participants").glob("*.html")))
            sizes = [path.stat().st_size / 1e6 for path in (page, folder / "out/tables.docx")]
            print(f"{count}\t{seconds:.1f}\t{sizes[0]:.1f}\t{pages}\t{sizes[1]:.2f}", flush=True)


if __name__ == "__main__":
    main()
