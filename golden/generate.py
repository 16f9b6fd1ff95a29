"""Makes the golden values: runs main() of every module in this folder, or of those that are named."""

import importlib
import pathlib
import sys

HERE = pathlib.Path(__file__).parent


def main():
    sys.path.insert(0, str(HERE))
    names = sorted(path.stem for path in HERE.glob("*.py") if path.stem != "generate")
    unknown = sorted(set(sys.argv[1:]) - set(names))
    if unknown:
        sys.exit(f"There is no {', '.join(unknown)} here. Known: {', '.join(names)}.")
    for name in sys.argv[1:] or names:
        run = getattr(importlib.import_module(name), "main", None)
        if run:
            run()


if __name__ == "__main__":
    main()
