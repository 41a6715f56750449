"""The page of states is the code's own drawing."""

from django.core.management import call_command


def test_docs_states_is_fresh() -> None:
    call_command("states", "--check")
