// Compiles Python modules to bytecode: node compile.mjs <folder> <path at run time> <version>
//
// Pyodide is CPython compiled to WebAssembly, and bytecode is the same on every platform. So it
// is made by the runtime's own version of Python, whatever version this machine has or lacks.

import { loadPyodide } from "pyodide";

const [folder, path, version] = process.argv.slice(2);
const python = await loadPyodide();
python.FS.mkdirTree(path);
python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, path);
python.globals.set("path", path);
python.globals.set("version", version);
try {
  python.runPython(`
import sys
from pathlib import Path
from py_compile import PycInvalidationMode, compile

if "%d.%d" % sys.version_info[:2] != version:
    raise ValueError(f"pyodide is Python {sys.version}; package.json must name one of {version}")
for module in sorted(Path(path).rglob("*.py")):
    compile(str(module), doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
`);
} catch (error) {
  // Without the script of WebAssembly around it.
  console.error(error.message);
  process.exit(1);
}
