"""In a checkout: the folder ``components`` under its name in an installation.

A wheel has that folder itself as ``crossaccount.components``, in place of this package. It has no top-level package
``components``, because other projects may have one. The folder is loaded by its file path, even if ``components`` means
another package on the path.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[2] / "components"

if "components" not in sys.modules:
    _spec = spec_from_file_location("components", _FOLDER / "__init__.py", submodule_search_locations=[str(_FOLDER)])
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules["components"] = module_from_spec(_spec)
    try:
        _spec.loader.exec_module(sys.modules["components"])
    except BaseException:
        del sys.modules["components"]
        raise

from components import *  # noqa: E402, F403
from components import __all__ as __all__  # noqa: E402
