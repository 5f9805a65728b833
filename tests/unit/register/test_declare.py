"""What a declaration may not say, and what it is told."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from lianpu.places.models import Place
from lianpu.register.declare import Column, Register, Registry


def declared(*names: str) -> type[Register]:
    columns = [Column(name, label="某列", source_only=True) for name in names]
    return type("Made", (Register,), {"model": Place, "slug": "made", "columns": columns})


@pytest.mark.parametrize("name", ["id", "extra", "reason", "version"])
def test_a_column_named_as_the_interface_names_something_else_is_refused_with_words(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"made: 列名 {name} 在接口里表示.+请为这一列另起一个名字"):
        Registry().add(declared("code", name))


def test_two_registers_of_one_name_are_refused() -> None:
    held = Registry()
    held.add(declared("code"))
    with pytest.raises(ImproperlyConfigured, match="两个登记簿同名：made"):
        held.add(declared("name"))
