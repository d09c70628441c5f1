"""What runs all parts begins with what is dear: to let each of them import it, at once."""

import subprocess
import sys


def test_parts_begin_to_import_before_prefect_is_imported_for_them():
    heavy = "{'prefect', 'httpx', 'pandas'} & set(sys.modules)"
    code = f"import sys, groundwork.deployments.up.stack; print(sorted({heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
