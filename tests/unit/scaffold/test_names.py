"""Which names a project, a job and an event may have, and what is said of the others."""

from pathlib import Path

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.scaffold.names import event_name, job_name, project_name


@pytest.mark.parametrize(("folder", "name"), [("shop", "shop"), ("My Shop-2", "my_shop_2"), ("_shop", "shop")])
def test_a_project_is_named_after_its_folder(tmp_path: Path, folder: str, name: str):
    assert project_name(tmp_path / folder, None) == name


def test_a_folder_that_is_there_does_not_take_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "shop").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert project_name(tmp_path / "shop", None) == "shop"
    with pytest.raises(ConfigurationError, match="there is a module 'shop' already"):
        project_name(tmp_path / "elsewhere", "shop")


@pytest.mark.parametrize("name", ["2shop", "my-shop", "Shop", "", "läden", "shop.jobs", "_shop", "s" * 81])
def test_a_name_that_python_cannot_import_is_refused_with_the_rule(tmp_path: Path, name: str):
    with pytest.raises(ConfigurationError, match=r"--name: .*begins with a letter.*such as --name shop"):
        project_name(tmp_path, name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("class", "a word of Python's own"),
        ("match", "a word of Python's own"),
        ("groundwork", "an application 'groundwork' already"),
        ("contacts", "an application 'contacts' already"),
        ("json", "a module 'json' already"),
        ("prefect", "a module 'prefect' already"),
    ],
)
def test_a_name_that_is_taken_is_refused_with_who_has_it(tmp_path: Path, name: str, why: str):
    with pytest.raises(ConfigurationError, match=f"--name: .*{why}"):
        project_name(tmp_path / name, None)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("confirm_order", "confirm-order"), ("ConfirmOrder", "confirm-order"), ("Confirm order!", "confirm-order")],
)
def test_a_job_of_another_spelling_is_told_what_was_meant(name: str, meant: str):
    with pytest.raises(ConfigurationError, match=f"NAME: .*Did you mean {meant}\\?"):
        job_name(name)


@pytest.mark.parametrize("name", ["", "-", "2-orders", "no", "import", "job", "step", "o" * 81, "a\n"])
def test_a_job_that_could_not_be_a_function_is_refused(name: str):
    with pytest.raises(ConfigurationError, match="NAME: "):
        job_name(name)


@pytest.mark.parametrize(
    "name", ["order", "order.placed", "Order/order.placed", "order/placed", "order/order.placed\n", ""]
)
def test_an_event_that_is_not_of_the_form_is_refused_with_an_example(name: str):
    with pytest.raises(ConfigurationError, match=r"--on: .*such as order/order\.placed"):
        event_name(name)


@pytest.mark.parametrize(
    ("name", "module", "type", "noun"),
    [
        ("order/order.placed", "order_placed", "OrderPlaced", "order"),
        ("import/csv.confirmed", "import_csv_confirmed", "ImportCsvConfirmed", "csv"),
        (
            "sales/credit-card.gave-up.twice",
            "sales_credit_card_gave_up_twice",
            "SalesCreditCardGaveUpTwice",
            "credit_card",
        ),
    ],
)
def test_module_class_and_field_of_an_event_are_called_after_it(name: str, module: str, type: str, noun: str):
    event = event_name(name)
    assert (event.module, event.type, event.noun) == (module, type, noun)
