"""Settings for all tests and examples.

Hugging Face's libraries stay in a folder of their own; examples in modules that need an extra are
left out where it is not installed.
"""

import atexit
import os
import shutil
import tempfile
from importlib.util import find_spec

_home = tempfile.mkdtemp(prefix="compatkit-hf-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ.update(HF_HOME=_home, HF_HUB_OFFLINE="1", HF_UPDATE_DOWNLOAD_COUNTS="0")

collect_ignore_glob = [] if find_spec("peft") else ["compatkit/muscle/*", "tests/muscle/*"]
