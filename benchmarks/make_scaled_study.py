"""A study's folder like the embedded example, of any size: for tests of scale and for quick runs.

    python benchmarks/make_scaled_study.py /tmp/large --participants 260 --small
    snakemake -s PATH/Snakefile --directory /tmp/large --cores all

The first run writes the raw files; 40 participants have some 150 imaging visits.
"""

import argparse
from pathlib import Path

import yaml

EXAMPLE = Path(__file__).parents[1] / "config" / "config.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder to make; its config.yaml is written")
    parser.add_argument("--participants", type=int, default=40)
    parser.add_argument("--small", action="store_true", help="a few slices of a small matrix")
    parser.add_argument("--visits", nargs="+", help="imaging visits to make (default: all)")
    parser.add_argument("--only", nargs="+", metavar="STAGE", help="stages to keep in the config (default: all)")
    args = parser.parse_args()

    config = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    config["example"] = {"participants": args.participants, "small_images": args.small, "visits": args.visits}
    if args.only:
        shared = {"title", "data", "participants", "characteristics", "visits", "example"}
        config = {key: value for key, value in config.items() if key in shared | set(args.only)}
    args.folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    (args.folder / "config.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
