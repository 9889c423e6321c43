"""Compiled code that is kept on disk is never older than what it was made from."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from labdata_napari import core

FILES = sorted(Path(core.__file__).parent.glob("kernels_*.py"))


def from_elsewhere(tree: ast.Module) -> set[str]:
    """Names at the top of a file that come from other files of ours, however far."""
    foreign: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("labda"):
            foreign |= {name.asname or name.name for name in node.names}
        if isinstance(node, ast.Assign) and names(node.value) & foreign:
            foreign |= {name for target in node.targets for name in names(target)}
    return foreign


def names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def compiled_in(tree: ast.Module) -> list[ast.FunctionDef]:
    decorators = {"compiled", "intrinsic"}
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and {name for d in node.decorator_list for name in names(d)} & decorators
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_is_compiled_is_made_from_its_own_file_alone(file):
    # numba looks only at the file of a function to tell whether it is still the same
    tree = ast.parse(file.read_text(encoding="utf-8"))
    foreign = from_elsewhere(tree)
    for function in compiled_in(tree):
        body = ast.Module(body=function.body, type_ignores=[])
        assert not names(body) & foreign, f"{function.name} in {file.name}"


def test_there_is_compiled_code_to_look_at():
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in FILES]
    assert sum(len(compiled_in(tree)) for tree in trees) > 12
