"""Build the wheel, install it alone, without Qt, in an empty environment, use it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MUST_HOLD = ("napari.yaml", "py.typed", "schema/contract.json")
USE = """
import sys, tempfile
import labdata_napari as ln
assert not {"datajoint", "napari"} & set(sys.modules), "importing costs too much"
folder = tempfile.mkdtemp()
with ln.connect(f"embedded:{folder}/db") as lab:
    assert len(lab.Subject()) == 0
bindings = {"PyQt5", "PyQt6", "PySide2", "PySide6"}
assert not bindings & set(sys.modules), "the base installation pulls in Qt"
print("wheel works without Qt")
"""


def run(*command: str | Path) -> str:
    """Run one command, let its error through, return what it printed."""
    done = subprocess.run(
        [str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE
    )
    return done.stdout


def main() -> None:
    """Build, look inside, install, use."""
    uv = run(ROOT / "scripts" / "find-uv").strip()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run(uv, "build", "-q", "--wheel", "--out-dir", folder, ROOT)
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        missing = [m for m in MUST_HOLD if f"labdata_napari/{m}" not in names]
        if missing:
            sys.exit(f"{wheel.name} lacks {', '.join(missing)}")
        if strays := [n for n in names if n.startswith(("tests", "docs"))]:
            sys.exit(f"{wheel.name} packs {strays[0]} and others")
        environment = folder / "env"
        run(uv, "venv", "-q", "--python", sys.executable, environment)
        python = environment / "bin" / "python"
        run(uv, "pip", "install", "-q", "--python", python, wheel)
        listed = run(uv, "pip", "list", "--python", python).lower()
        if "pyqt" in listed or "pyside" in listed:
            sys.exit("the base dependencies bring a Qt binding")
        print(run(python, "-c", USE).strip())
        print(run(environment / "bin" / "labdata-napari", "--version").strip())
        window = subprocess.run(
            [environment / "bin" / "labdata-napari"], text=True, capture_output=True
        )
        if window.returncode != 1 or "labdata-napari[all]" not in window.stderr:
            sys.exit(f"without Qt the window says: {window.stderr}")
        shutil.rmtree(environment)


if __name__ == "__main__":
    main()
