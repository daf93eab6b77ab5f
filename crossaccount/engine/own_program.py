"""The program that a project runs: the packaged one, or its own, found as the CLI finds it.

A project runs the packaged program if its ``__main__.py`` is the one that ``init`` writes, and no module next to it
shadows an import. A folder without ``__main__.py`` also runs the packaged program. Any other program is the project's
own: it runs in its own process, in the virtual environment that ``Pulumi.yaml`` names. Reading such a project means
running it.

Sources: https://www.pulumi.com/docs/iac/concepts/projects/project-file/ (``main``, ``runtime.options``) and
https://www.pulumi.com/docs/iac/languages-sdks/python/
"""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from crossaccount.engine.program_files import (
    CACHE,
    ProgramFiles,
    compiled_apart,
    is_kept_by_python,
    is_module,
    modules_before_pips,
)
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings import Project, SettingsError
from crossaccount.settings.input_files import MEBIBYTE, read_bytes
from crossaccount.settings.project import PROJECT_FILE

PACKAGED = "from crossaccount.components.program import main\n\nmain()\n"
"""What ``init`` writes as ``__main__.py``."""
OF_CHECKOUT = "from components.program import main\n\nmain()\n"
"""The same in a checkout of this program, which has the components as a folder."""
ENTRY = "__main__.py"
INSTALLED = Path(__file__).resolve().parents[2]
"""The folder of the package ``crossaccount`` that is running now."""
COMPONENTS = "components"
LARGEST_OF_OURS = 16 * MEBIBYTE
"""No file of our packages has more bytes: one that has is not read."""


def _own_components() -> Path:
    """The folder of the components that are running now: inside the package, or next to it in a checkout."""
    within, in_checkout = INSTALLED / "crossaccount" / COMPONENTS, INSTALLED / COMPONENTS
    return within if (within / "declaration.py").is_file() else in_checkout


PYTHON = "python"
PIP = "pip"
"""The toolchain with which the CLI uses the Python of ``virtualenv`` unchanged."""
LOCKS = ("uv.lock", "poetry.lock")
"""Files by which the CLI chooses another toolchain where none is named: in the program's folder or above it."""
KNOWS_SAFE_PATH = (3, 11)
"""The first Python that obeys PYTHONSAFEPATH."""

KEPT = ("PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "PYTHONPATH", "LD_LIBRARY_PATH")
"""The variables that a program keeps. All others are left out, because any of them may be a secret."""
KEPT_PREFIX = "LC_"


@dataclass(frozen=True)
class OwnProgram:
    """A project's own program."""

    root: Path
    """The folder of ``Pulumi.yaml``."""
    directory: Path
    """The folder in which it runs."""
    file: str
    """The file that is run in that folder, or ``.`` for its ``__main__.py``."""
    python: Path
    virtualenv: Path | None = None
    """The virtual environment that ``Pulumi.yaml`` names."""

    def digest(self, apart: Collection[Path] = ()) -> str:
        """SHA-256 of what is run, and of every file of the project's folder and of the program's.

        ``apart`` are files and folders that do not count: states, and what a command writes.

        Raises:
            SettingsError: see :class:`~crossaccount.engine.program_files.ProgramFiles`.
        """
        place = os.path.relpath(self.directory, self.root)
        files = ProgramFiles(self.root, self.directory, apart).digest()
        return hashlib.sha256(os.fsencode(f"{place}\0{self.file}\0{files}")).hexdigest()

    @property
    def shown(self) -> str:
        """The program's file, for people."""
        return os.path.relpath(self.directory / (ENTRY if self.file == "." else self.file))


def own_program(project: Project) -> OwnProgram | None:
    """The project's own program; None if it runs the packaged one.

    Raises:
        SettingsError: the project is in another language, or its program or its Python does not exist.
    """
    _refuse_other_languages(project)
    root = project.directory.resolve()
    main = project.main
    # os.path and not pathlib, whose methods fail if a name is too long for the file system.
    if os.path.isfile(main):
        directory, file = main.parent, main.name
    elif os.path.isdir(main):
        directory, file = main, "."
    else:
        fix = "correct it: the folder of __main__.py, or a file, from the folder of Pulumi.yaml"
        raise SettingsError([Problem(f"{PROJECT_FILE}: main", "there is no such file or folder", str(main), fix)])
    entry = directory / (ENTRY if file == "." else file)
    if not os.path.lexists(entry):  # also in a copy of an example, whose main pointed to its checkout
        return None
    if not os.path.isfile(entry):
        raise SettingsError([Problem(str(entry), "the program is no file", NOT_GIVEN, "write it as a regular file")])
    if (packaged := _packaged(entry)) and not any(_in_the_way(directory, packaged)):
        return None
    _refuse_other_tools(project, directory)
    virtualenv = None if project.virtualenv is None else (root / project.virtualenv).absolute()
    own = OwnProgram(root, directory, file, _python(virtualenv, project.virtualenv), virtualenv)
    _refuse_modules_before_pips(own)
    return own


def _refuse_other_languages(project: Project) -> None:
    if project.runtime in ("", PYTHON):
        return
    fix = (
        "write the program in Python; or analyse what it deployed (state:NAME), what it would deploy "
        "(preview:FILE), or the account itself (live:PROFILE)"
    )
    what = "programs in this language cannot be run here"
    raise SettingsError([Problem(f"{PROJECT_FILE}: runtime", what, project.runtime, fix)])


def _refuse_other_tools(project: Project, directory: Path) -> None:
    """Refuse options with which the CLI would run something before the program, or with another Python.

    Raises:
        SettingsError: ``runtime.options`` has such an option.
    """
    runtime = project.definition.get("runtime")
    options = runtime.get("options") if isinstance(runtime, Mapping) else None
    given: Mapping[str, object] = options if isinstance(options, Mapping) else {}
    problems = []
    if given.get("toolchain") is None:
        for file in (folder / lock for lock in LOCKS for folder in (directory, *directory.parents)):
            if os.path.lexists(file):
                what = f"without it the engine would choose by {os.path.relpath(file, directory)}, and install packages"
                fix = f"write `toolchain: {PIP}` and the folder of the environment as virtualenv"
                problems.append(Problem(f"{PROJECT_FILE}: runtime.options.toolchain", what, NOT_GIVEN, fix))
                break
    elif (toolchain := given["toolchain"]) != PIP:
        what = "the engine would install packages and choose the program's Python from files of the project"
        fix = f"write `toolchain: {PIP}` and the folder of the environment as virtualenv"
        problems.append(Problem(f"{PROJECT_FILE}: runtime.options.toolchain", what, toolchain, fix))
    if checker := given.get("typechecker"):
        what = "the engine would run it with the plugins that files of the project name, and no review covers them"
        fix = "run it before, without credentials, and remove the line"
        problems.append(Problem(f"{PROJECT_FILE}: runtime.options.typechecker", what, checker, fix))
    if problems:
        raise SettingsError(problems)


def _refuse_modules_before_pips(own: OwnProgram) -> None:
    """Modules that the engine's ``python -m pip`` would run, with all credentials, where nothing keeps it from that.

    Raises:
        SettingsError: there are such, and the program's Python is too old to be told.
    """
    found = [each for folder in dict.fromkeys((own.root, own.directory)) for each in modules_before_pips(folder)]
    if not found or own.python == Path(sys.executable) or (version := _version(own.python)) >= KNOWS_SAFE_PATH:
        return
    what = f"the engine's own `python -m pip` would run modules of the project's folder ({', '.join(found)})"
    fix = "make the environment with Python 3.11 or newer, or rename them"
    where = f"{PROJECT_FILE}: runtime.options.virtualenv"
    raise SettingsError([Problem(where, what, f"Python {'.'.join(map(str, version)) or 'of an unknown version'}", fix)])


def _version(python: Path) -> tuple[int, ...]:
    """The version of an interpreter; empty where it does not say."""
    command = [str(python), "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"]
    with tempfile.TemporaryDirectory(prefix="crossaccount-python-") as home:
        environment = clean_environment(Path(home))
        try:
            done = subprocess.run(command, cwd=home, env=environment, capture_output=True, timeout=60, check=True)
            return tuple(map(int, done.stdout.split()))
        except (OSError, ValueError, subprocess.SubprocessError):
            return ()


def _packaged(entry: Path) -> str | None:
    """Which text of the packaged program a file has, whatever its comments and blank lines; None if another."""
    try:
        program = _without_docstring(read_bytes(entry, entry.name, LARGEST_OF_OURS))
    except (SettingsError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # the last two are what Python says of an expression that is nested too deep
    return next((each for each in (PACKAGED, OF_CHECKOUT) if program == _without_docstring(each.encode())), None)


def _without_docstring(source: bytes) -> str:
    tree = ast.parse(source)
    if tree.body and isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Constant):
        del tree.body[0]
    return ast.dump(tree)


def _in_the_way(directory: Path, packaged: str) -> Iterator[str]:
    """The modules in the program's folder that shadow imports of the packaged program."""
    if directory == INSTALLED:
        return
    ours = {directory} if _own_components().parent != INSTALLED else {directory, INSTALLED}
    elsewhere = [each for each in sys.path if each and Path(each).resolve() not in ours]
    for path in sorted(directory.iterdir()):
        name = path.name.partition(".")[0]
        if path.name == ENTRY or not (_is_code(path) or path.is_dir()):
            continue
        if name == COMPONENTS:
            if packaged == OF_CHECKOUT and _content(path) != _own_content(_own_components()):
                yield name
        elif name == "crossaccount":
            if not _same_package(path):
                yield name
        elif name == "__main__" or name in sys.stdlib_module_names:
            if _is_code(path) or _is_package(path):
                yield name
        elif (spec := PathFinder.find_spec(name, elsewhere)) is not None and (
            _is_code(path) or _is_package(path) or (spec.origin is None and _takes_part(path, spec))
        ):
            yield name


def _takes_part(path: Path, package: ModuleSpec) -> bool:
    """Whether a folder has a part of a package that has no ``__init__``, whose parts are looked for here first."""
    there = {name for folder in package.submodule_search_locations or () for name in _modules(Path(folder))}
    return not there.isdisjoint(_modules(path))


def _modules(folder: Path) -> set[str]:
    found = {each for each in folder.iterdir() if _is_code(each) or each.is_dir()} if folder.is_dir() else set()
    return {each.name.partition(".")[0] for each in found if each.name != CACHE}


def _is_package(path: Path) -> bool:
    return any(map(is_module, path.glob("__init__.*")))


def _is_code(path: Path) -> bool:
    """Whether a file is a module that can be imported."""
    return is_module(path) and not is_kept_by_python(path)


def _same_package(folder: Path) -> bool:
    """Whether a folder ``crossaccount`` holds the code and the data that are running, its components included."""
    if _content(folder, COMPONENTS) != _own_content(INSTALLED / "crossaccount", COMPONENTS):
        return False
    within = folder / COMPONENTS
    theirs = within if (within / "declaration.py").is_file() else folder.parent / COMPONENTS
    return _content(theirs) == _own_content(_own_components())


@cache
def _own_content(folder: Path, without: str = "") -> Mapping[str, bytes]:
    """The files of a folder whose code this process runs, as they were at the first call."""
    return _content(folder, without)


def _content(folder: Path, without: str = "") -> Mapping[str, bytes]:
    """Every file below a folder, but for those in its folder ``without`` and what Python itself keeps of a source.

    Of a link to a folder it is where the link leads.
    """
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if name.parts[0] == without:
            continue
        if path.is_symlink() and path.is_dir():
            found[str(name)] = os.fsencode(os.readlink(path))
        elif path.is_file() and not is_kept_by_python(path):
            found[str(name)] = read_bytes(path, str(path), LARGEST_OF_OURS)
    return found


def _python(virtualenv: Path | None, named: str | None) -> Path:
    """The Python of the virtual environment; this process's Python if none is named."""
    if virtualenv is None:
        return Path(sys.executable)
    for found in (virtualenv / "bin" / "python", virtualenv / "Scripts" / "python.exe"):
        if os.path.exists(found):
            return found
    fix = "create it: pulumi install"
    raise SettingsError([Problem(f"{PROJECT_FILE}: runtime.options.virtualenv", "there is no Python", named, fix)])


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of a program that is only recorded: without cloud credentials, tokens and passphrases.

    ``home`` is an empty folder, so that the program does not find the user's credential files.
    """
    kept = {key: value for key, value in os.environ.items() if key in KEPT or key.startswith(KEPT_PREFIX)}
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    nothing |= compiled_apart()
    return {**kept, **nothing, "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(home), "USERPROFILE": str(home)}


def not_run(own: OwnProgram, where: str) -> SettingsError:
    """The refusal of another project's program that is not allowed to run."""
    what = "the program of another project runs only if you allow it"
    return SettingsError([Problem(where, what, own.shown, "read it; then add --run-program")])


def is_of(folder: Path, project: Path) -> bool:
    """Whether ``folder`` is within the project whose folder is ``project``."""
    return folder.resolve().is_relative_to(project.resolve())


def enclosing_project(folder: Path) -> Path | None:
    """The nearest folder with a ``Pulumi.yaml``: ``folder`` itself or one above it."""
    here = folder.resolve()
    return next((each for each in (here, *here.parents) if (each / PROJECT_FILE).is_file()), None)
