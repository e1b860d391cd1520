"""Packages made by a test, and an environment in which they are the only ones there are."""

import zipfile

import pytest

__all__ = ["wheels", "write_wheel"]


def write_wheel(folder, name, version, requires=(), scripts=None, source=None):
    """A package with one module and a console script, `<name>-version`."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{module}.py": f"version = {version!r}\ndef show(): print(version)\n" + (source or ""),
        f"{info}/METADATA": metadata + "".join(f"Requires-Dist: {item}\n" for item in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-version = {module}:show\n"
        + "".join(f"{script} = {target}\n" for script, target in (scripts or {}).items()),
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)


@pytest.fixture
def wheels(tmp_path, environment):
    """A folder of packages, the only ones there are."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in [name for name in environment if name.startswith(("PIP_", "UV_"))]:
        del environment[name]
    environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
    environment["UV_CACHE_DIR"] = str(tmp_path / "uv-cache")
    for version in ("1.0", "2.0"):
        write_wheel(folder, "tiny", version)
    return folder
