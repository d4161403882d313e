// Compile Python modules to bytecode:
// node bytecode.mjs <folder> <path in Lambda> <Pyodide's standard library>
//
// Pyodide is CPython compiled to WebAssembly, and bytecode is the same on every platform. So the
// runtime's version of Python compiles the modules, even if this machine has another one or none.

import { loadPyodide } from "pyodide";

const [folder, path, library] = process.argv.slice(2);
const python = await loadPyodide({ stdLibURL: library });
python.FS.mkdirTree(path);
python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, path);
python.globals.set("path", path);
try {
  python.runPython(`
from pathlib import Path
from py_compile import PycInvalidationMode, compile

for module in sorted(Path(path).rglob("*.py")):
    compile(str(module), doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
`);
} catch (error) {
  // Node would print Pyodide's minified source before the message.
  console.error(error.message);
  process.exit(1);
}
