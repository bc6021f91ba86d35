"""Settings for all tests and examples: Hugging Face's libraries stay in a folder of their own."""

import atexit
import os
import shutil
import tempfile

_home = tempfile.mkdtemp(prefix="compatkit-hf-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ.update(HF_HOME=_home, HF_HUB_OFFLINE="1", HF_UPDATE_DOWNLOAD_COUNTS="0")
