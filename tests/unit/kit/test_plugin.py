"""The plugin is loaded by every pytest on the machine, and costs nothing until the fixture is used."""

import subprocess
import sys
from importlib.metadata import entry_points


def test_pytest_finds_it_by_its_entry_point():
    assert [each.value for each in entry_points(group="pytest11", name="groundwork")] == ["groundwork.testing.plugin"]


def test_a_test_run_that_does_not_use_the_fixture_imports_nothing_of_the_engine(tmp_path):
    (tmp_path / "test_alone.py").write_text(
        "import sys\n"
        "def test_alone(pytestconfig):\n"
        "    assert pytestconfig.pluginmanager.get_plugin('groundwork').__name__ == 'groundwork.testing.plugin'\n"
        "    ours = {name for name in sys.modules if name.startswith('groundwork.')}\n"
        "    assert ours == {'groundwork.testing', 'groundwork.testing.plugin'}\n"
        "    assert not sys.modules.keys() & {'prefect', 'pydantic', 'sqlalchemy', 'psycopg'}\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_alone.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout
