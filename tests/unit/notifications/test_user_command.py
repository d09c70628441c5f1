import pytest
from typer.testing import CliRunner

from groundwork.deployments.cli import program


@pytest.mark.parametrize(
    "email", ["ada", "@example.com", "ada@", "a@b@example.com", "ada@example.com, eve@example.com", "ada@exa mple.com"]
)
def test_an_address_that_is_none_is_refused_as_the_mailer_would(email):
    answer = CliRunner().invoke(program(), ["user", "add", "ada", "--workspace", "acme", "--email", email])
    assert answer.exit_code == 2
    assert "is not an e-mail address; write it as ada@example.com" in " ".join(answer.output.split())
