"""The scripts here run other tools, which the tests do without."""

collect_ignore_glob = ["make_*.py"]
