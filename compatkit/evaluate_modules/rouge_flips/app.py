"""The page of this module's Space."""

from pathlib import Path

from compatkit.evaluate_modules.widget import make_interface

if __name__ == "__main__":
    make_interface("rouge_flips", Path(__file__).with_name("README.md")).launch()
