"""Edits of the source code of packages, which fail if a package has changed too much for them.

A moved import stays an attribute of its module, and code that other modules see stays the same.
"""

import ast
from collections.abc import Callable, Iterator


def replace(source: str, replacements: tuple[tuple[str, str], ...]) -> str:
    """Return ``source`` with each text replaced.

    Raises:
        LookupError: ``source`` does not contain a text exactly once.
    """
    for old, new in replacements:
        if source.count(old) != 1:
            raise LookupError(f"the source does not contain once: {old.strip()}")
        source = source.replace(old, new)
    return source


def keep_elements(source: str, name: str, keep: Callable[[str], bool]) -> str:
    """Return ``source`` with only some elements of the list or dictionary ``name``.

    Args:
        source: A module.
        name: A variable of the module: a list of tuples that begin with a text, or a dictionary
            of texts.
        keep: Gets the first text of a tuple, or a dictionary's value.

    Raises:
        LookupError: The module has no such variable.
    """
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.List(elts=elements)):
                rows = [(element, getattr(element, "elts", [None])[0]) for element in elements]
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Dict(keys=keys, values=texts)):
                rows = [(key, text) for key, text in zip(keys, texts, strict=True) if key]
            case _:
                continue
        if target == name:
            break
    else:
        raise LookupError(f"there is no list or dictionary {name} any more")
    lines = source.splitlines(keepends=True)
    for element, text in rows:
        if isinstance(text, ast.Constant) and not keep(str(text.value)):
            last = max(element.end_lineno or 0, text.end_lineno or 0)
            lines[element.lineno - 1 : last] = [""] * (last - element.lineno + 1)
    return "".join(lines)


def import_late(source: str, names: tuple[str, ...]) -> str:
    """Return ``source`` with imports moved to the statements that use them.

    The names stay attributes of the module: they are imported when another module asks for one.

    Args:
        source: A module. It may use the imported names only in functions.
        names: The imports to move, as modules (``xml.etree``, ``.filepost``) or as names in
            modules (``botocore.compat.ETree``).

    Raises:
        LookupError: ``source`` does not import one of ``names``, or uses one outside functions.
    """
    tree = ast.parse(source)
    moved: dict[str, str] = {}
    found: set[str] = set()
    lines = source.splitlines(keepends=True)
    for node in tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        late = [alias for alias in node.names if _origins(node, alias) & set(names)]
        for alias in late:
            found |= _origins(node, alias) & set(names)
            # ``import a.b`` binds a.
            bound = (alias.asname or alias.name).split(".")[0]
            moved[bound] = ast.unparse(_with_names(node, [alias]))
        if late:
            rest = [alias for alias in node.names if alias not in late]
            assert node.end_lineno
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
            if rest:
                lines[node.lineno - 1] = f"{ast.unparse(_with_names(node, rest))}\n"
    if missing := set(names) - found:
        raise LookupError(f"nothing is imported from {', '.join(sorted(missing))} any more")
    if early := set(moved) & _names_outside_functions(tree):
        raise LookupError(f"used outside functions: {', '.join(sorted(early))}")
    for statement in _statements_in_functions(tree):
        used = _names(statement)
        for bound, statement_text in moved.items():
            if bound in used:
                indented = f"{' ' * statement.col_offset}{statement_text}\n"
                lines[statement.lineno - 1] = indented + lines[statement.lineno - 1]
    if any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body):
        return "".join(lines)
    return "".join(lines) + _getattr(moved)


def _origins(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> set[str]:
    """Return the module that a name is imported from, and the name with that module."""
    if isinstance(node, ast.Import):
        return {alias.name}
    module = "." * node.level + (node.module or "")
    return {module, f"{module}.{alias.name}"}


def _with_names(node: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> ast.stmt:
    if isinstance(node, ast.Import):
        return ast.Import(names=names)
    return ast.ImportFrom(module=node.module, names=names, level=node.level)


def _getattr(moved: dict[str, str]) -> str:
    """Return a function that imports the moved names on request (PEP 562)."""
    lines = ["", "def __getattr__(name):"]
    for bound, statement in moved.items():
        lines += [f"    if name == {bound!r}:", f"        {statement}", f"        return {bound}"]
    lines.append("    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')")
    return "\n".join(lines) + "\n"


def _functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def _statements_in_functions(tree: ast.Module) -> Iterator[ast.stmt]:
    inside = {
        node: None
        for function in _functions(tree)
        for statement in function.body
        for node in ast.walk(statement)
        if isinstance(node, ast.stmt)
        and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    # A nested function's statements are in both functions.
    yield from inside


def _names_outside_functions(tree: ast.Module) -> set[str]:
    """Return the names that are used while the module is imported."""
    inside = {
        node
        for function in _functions(tree)
        for statement in function.body
        for node in ast.walk(statement)
    }
    outside = set(ast.walk(tree)) - inside
    if any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body):
        # Nothing evaluates annotations: https://peps.python.org/pep-0563/
        annotations = (getattr(node, name, None) for node in outside for name in _ANNOTATIONS)
        outside -= {node for part in annotations if part for node in ast.walk(part)}
    return {node.id for node in outside if isinstance(node, ast.Name)}


_ANNOTATIONS = ("annotation", "returns")


def _names(statement: ast.stmt) -> set[str]:
    """Return the names that a statement uses, without those of the statements in its blocks."""
    blocks = (ast.stmt, ast.excepthandler, ast.match_case)
    parts = [node for node in ast.iter_child_nodes(statement) if not isinstance(node, blocks)]
    if isinstance(statement, ast.Try):
        parts += [handler.type for handler in statement.handlers if handler.type]
    return {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}
