"""Makes the virtual environment that the Makefile works in.

    python3 tools/environment.py check          names what this machine lacks, with its Debian package
    python3 tools/environment.py create DIR     the check, then the environment
    DIR/bin/python tools/environment.py install FILE    the pinned requirements of FILE that are not there yet
    DIR/bin/python tools/environment.py try FILE PURPOSE    the same; where packages are inherited and pip gets no more,
                                                            it says that PURPOSE is missing and goes on

Where the given interpreter already has a torch that we support (a CUDA build, typically), the environment sees its
packages and installs only what is missing, so it works offline. Otherwise it stands alone and gets every pin.
Standard library only; it runs on any Python 3 so that an unsupported one gets an answer and not a syntax error.
Tested in tests/python/test_environment.py.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig

OLDEST, NEWEST = (3, 10), (3, 13)
OLDEST_GCC = 11
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INHERIT_MARK = "inherits-packages"


def say(text):
    print("[environment] " + text, flush=True)


def is_supported(version):
    return OLDEST <= tuple(version)[:2] <= NEWEST


def has_module(name):
    # On the path, without asking the finders that packages install: to setuptools' one, asking for pip is a signal.
    from importlib.machinery import PathFinder

    return PathFinder.find_spec(name) is not None


def compiler_problem(compiler):
    """Why `compiler` cannot build C++20, or None."""
    if shutil.which(compiler) is None:
        return "the C++ compiler {} is missing".format(compiler)
    found = subprocess.run([compiler, "-dumpversion"], stdout=subprocess.PIPE, universal_newlines=True).stdout.strip()
    if "clang" not in compiler and found.split(".")[0].isdigit() and int(found.split(".")[0]) < OLDEST_GCC:
        return "{} is version {}; C++20 needs {} or newer".format(compiler, found, OLDEST_GCC)
    return None


def find_problems():
    """List of (what is missing, Debian package that has it)."""
    if not is_supported(sys.version_info):
        found = "{} is Python {}.{}".format(sys.executable, *sys.version_info[:2])
        wanted = "{}.{} to {}.{}".format(*(OLDEST + NEWEST))
        return [("{}; {} is needed (choose one with `make PYTHON=...`)".format(found, wanted), "python3")]
    problems = []
    if not has_module("ensurepip") and not (inherits_torch() and has_module("pip")):
        problems.append(("the module ensurepip (venv) of {} is missing".format(sys.executable), "python3-venv"))
    header = os.path.join(sysconfig.get_path("include"), "Python.h")
    if not os.path.exists(header):
        problems.append(("the header {} is missing".format(header), "python3-dev"))
    compiler = compiler_problem(os.environ.get("CXX", "g++"))
    if compiler:
        problems.append((compiler, "g++"))
    return problems


def check():
    problems = find_problems()
    for what, package in problems:
        say("{}\n              Debian: apt-get install {}".format(what, package))
    if problems:
        sys.exit(1)


def installed_version(package):
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def numbers(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def inherits_torch():
    """Whether this interpreter has a torch in the range that pyproject.toml states."""
    found = installed_version("torch")
    with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as text:
        oldest, after = re.search(r'"torch>=([\d.]+),<([\d.]+)"', text.read()).groups()
    return found is not None and numbers(oldest) <= numbers(found) < numbers(after)


def create(folder):
    import venv

    check()
    inherit = inherits_torch()
    if inherit:
        say("{} with the packages of {} (torch {})".format(folder, sys.executable, installed_version("torch")))
    else:
        say("{} for {} (Python {}.{})".format(folder, sys.executable, *sys.version_info[:2]))
    venv.create(
        folder, clear=True, with_pip=not (inherit and has_module("pip")), system_site_packages=inherit, symlinks=True
    )
    os.makedirs(os.path.join(folder, "stamps"))
    if inherit:
        inherit_packages(folder)


def inherit_packages(folder):
    """Shows the environment the packages of this interpreter, also where that is an environment itself."""
    site = os.path.join(folder, "lib", "python{}.{}".format(*sys.version_info[:2]), "site-packages")
    own = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    with open(os.path.join(site, "inherited.pth"), "w", encoding="utf-8") as text:
        text.writelines(path + "\n" for path in own)
    open(os.path.join(folder, INHERIT_MARK), "w").close()


def read_requirements(path):
    """List of (requirement, package) of a requirements file."""
    found = []
    with open(path, encoding="utf-8") as text:
        for line in text:
            requirement = line.partition("#")[0].strip()
            if requirement:
                found.append((requirement, re.match(r"[\w.-]+", requirement).group()))
    return found


def pip_install(arguments):
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    return subprocess.run(command + arguments).returncode == 0


def install(path, purpose=None):
    inherit = os.path.exists(os.path.join(sys.prefix, INHERIT_MARK))
    wanted = [entry for entry in read_requirements(path) if not (inherit and installed_version(entry[1]))]
    needed = [requirement for requirement, _ in wanted]
    # Triton goes alone: a CUDA build of torch asks for the one release that it was tested with, and ours is another.
    triton = [requirement for requirement in needed if requirement.startswith("triton==")]
    rest = [requirement for requirement in needed if requirement not in triton]
    say("installing {}".format(", ".join(needed)) if needed else "all that {} names is there".format(path))
    if (rest and not pip_install(rest)) or (triton and not pip_install(["--no-deps"] + triton)):
        say("pip could not install all of: {}".format(", ".join(needed)))
        if inherit and purpose:
            say("{}: not in this environment; everything else goes on".format(purpose))
            return
        say("without a network, name a folder of wheels: PIP_NO_INDEX=1 PIP_FIND_LINKS=/that/folder make ...")
        sys.exit(1)


def main(arguments):
    if arguments[:1] == ["check"] and len(arguments) == 1:
        check()
    elif arguments[:1] == ["create"] and len(arguments) == 2:
        create(arguments[1])
    elif arguments[:1] == ["install"] and len(arguments) == 2:
        install(arguments[1])
    elif arguments[:1] == ["try"] and len(arguments) == 3:
        install(*arguments[1:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
