"""``python -m tools.import_catalogue``."""

from tools.import_catalogue.command import main

if __name__ == "__main__":
    main(prog_name="python -m tools.import_catalogue")
