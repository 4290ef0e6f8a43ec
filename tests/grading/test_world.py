"""What a worker's world holds."""

from tinytorch._places import PACKAGE
from tinytorch.grading import release, world

OUTSIDE = {"cli", "course", "experiments", "grading"}


def test_a_world_and_a_release_have_every_face():
    faces = {init.parent.name for init in PACKAGE.glob("[!_]*/__init__.py")} - OUTSIDE
    assert {*world.FACES} == faces == {*release.MACHINERY} - OUTSIDE
