"""A step is its module and qualified name, or the name that it was given."""

import gc
import importlib
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.inbox import Attempt
from groundwork.tasks.step import step
from groundwork.tasks.step_identity import StepIdentity, identity_of, module_of
from groundwork.tasks.step_work import StepWork


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module of a name, and imports it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def module(name: str, source: str) -> ModuleType:
        file = tmp_path / f"{name}.py"
        file.write_text("from groundwork.tasks.step import step\n" + textwrap.dedent(source))
        importlib.invalidate_caches()
        return importlib.import_module(name)

    before = set(sys.modules)
    yield module
    for each in set(sys.modules) - before:
        del sys.modules[each]


LOAD = "@step\ndef load(n: int) -> int:\n    return n\n"


def attempt() -> Attempt:
    ids = {name: uuid4() for name in ("correlation_id", "delivery_id", "event_id")}
    return Attempt("job", token=1, workspace_id="acme", depth=0, members=[], _first_step_noted=True, **ids)


def work_of(task) -> str:
    return StepWork(task.fn.step_identity, {"n": 1}).name


def test_steps_of_one_name_in_two_modules_are_two_and_are_shown_by_the_short_name(module):
    one, other = module("crm_one", LOAD).load, module("crm_other", LOAD).load
    assert (identity_of(one), identity_of(other)) == ("crm_one.load", "crm_other.load")
    assert one.name == other.name == "load"
    assert work_of(one) != work_of(other)
    assert work_of(one).startswith("load:")


def test_methods_of_two_classes_are_two(module):
    source = """
        class One:
            @step
            def load(n: int) -> int:
                return n
        class Other:
            @step
            def load(n: int) -> int:
                return n
    """
    found = module("crm_classes", source)
    assert identity_of(found.One.load) == "crm_classes.One.load"
    assert work_of(found.One.load) != work_of(found.Other.load)


def test_a_step_that_moved_or_was_renamed_keeps_its_work_by_its_old_identity(module):
    before = module("crm_before", LOAD).load
    old = work_of(before)
    del before, sys.modules["crm_before"]
    gc.collect()
    after = module("crm_after", "@step(name='crm_before.load')\ndef fetch(n: int) -> int:\n    return n\n").fetch
    assert work_of(after) == old
    assert after.name == "load"


def test_a_module_that_is_loaded_again_defines_its_steps_again(module, tmp_path):
    found = module("crm_again", LOAD)
    kept = found.load
    (tmp_path / "crm_again.py").write_text("# moved down\n" + (tmp_path / "crm_again.py").read_text())
    importlib.reload(found)
    assert found.load is not kept
    assert identity_of(found.load) == identity_of(kept)


def test_two_of_one_name_in_one_module_are_refused_with_both_places(module):
    with pytest.raises(ConfigurationError, match=r"two steps are crm_twice.load: .* line 2, and .* line 5"):
        module("crm_twice", LOAD + LOAD)


def test_two_of_one_given_name_are_refused_with_both_places(module):
    module("crm_first", LOAD)
    with pytest.raises(ConfigurationError, match=r"crm_first.py line 2, and .*crm_second.py line 2.*@step\(name=…\)"):
        module("crm_second", "@step(name='crm_first.load')\ndef load(n: int) -> int:\n    return n\n")


def test_one_function_may_be_two_steps(module):
    found = module(
        "crm_options", "def load(n: int) -> int:\n    return n\none = step(load)\nmore = step(retries=9)(load)\n"
    )
    assert identity_of(found.one) == identity_of(found.more)


def made(number: int):
    @step
    def load(n: int) -> int:
        return n * number

    return load


def test_a_factory_may_make_several_but_one_job_may_use_one_of_them():
    one, other = made(1), made(2)
    running = attempt()
    one.fn.step_identity.require_one_function(running)
    one.fn.step_identity.require_one_function(running)
    with pytest.raises(ConfigurationError, match=r"two steps of this job are .*made.<locals>.load.*@step\(name=…\)"):
        other.fn.step_identity.require_one_function(running)
    other.fn.step_identity.require_one_function(attempt())


def test_the_second_of_a_factory_is_refused_where_it_is_called():
    one, other = made(1), made(2)
    with attempt().as_current():
        assert one.fn(3) == 3
        with pytest.raises(ConfigurationError, match="would be given the first one's results"):
            other.fn(3)
    assert other.fn(3) == 6


def test_a_wrapper_that_hides_the_name_is_found_where_two_of_it_run():
    def timed(function):
        def wrapper(n: int) -> int:
            return function(n)

        return wrapper

    one, other, running = step(timed(abs)), step(timed(int)), attempt()
    one.fn.step_identity.require_one_function(running)
    with pytest.raises(ConfigurationError, match=r"functools\.wraps"):
        other.fn.step_identity.require_one_function(running)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a..b", "x" * 81, "x." * 100 + "x", "ä", "a:b"])
def test_what_is_no_name_is_refused(name: str):
    with pytest.raises(ConfigurationError, match=r"@step\(name="):
        step(name=name)


def test_a_script_has_the_identity_that_its_import_has(tmp_path):
    package = tmp_path / "crm"
    package.mkdir()
    (package / "__init__.py").touch()
    show = "\nfrom groundwork.tasks.step_identity import identity_of\nprint(identity_of(load))\n"
    file = package / "leads.py"
    file.write_text("from groundwork.tasks.step import step\n" + LOAD + show)

    def printed(*command: str) -> str:
        ran = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=True)
        return ran.stdout.strip().splitlines()[-1]

    assert printed("-c", "import crm.leads") == "crm.leads.load"
    assert printed("-m", "crm.leads") == "crm.leads.load"
    assert printed(str(file)) == "crm.leads.load"
    loaded = "import sys; sys.modules['leads'] = sys; from prefect.utilities.importtools import import_object; "
    assert printed("-c", loaded + f"import_object({str(file) + ':load'!r})") == "crm.leads.load"


def test_the_module_of_anything_else_is_its_own():
    assert module_of(Path) == Path.__module__


def test_what_old_releases_kept_belongs_to_the_only_step_of_the_name_or_to_the_one_that_claims_it(module):
    one = module("crm_old_one", "@step\ndef only_here(n: int) -> int:\n    return n\n").only_here
    identity: StepIdentity = one.fn.step_identity
    assert identity.has_old_name
    assert StepWork(identity, {"n": 1}).old_name is not None
    other = module("crm_old_two", "@step\ndef only_here(n: int) -> int:\n    return n\n").only_here
    assert not identity.has_old_name
    assert StepWork(identity, {"n": 1}).old_name is None
    claims = module("crm_old_three", "@step(name='only-here')\ndef moved(n: int) -> int:\n    return n\n").moved
    assert not identity.has_old_name
    assert not other.fn.step_identity.has_old_name
    assert claims.fn.step_identity.has_old_name


def test_a_task_of_prefect_is_no_step():
    from prefect import task

    with pytest.raises(ConfigurationError, match="no @step"):
        identity_of(task(lambda: 1))
