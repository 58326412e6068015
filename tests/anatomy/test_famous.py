"""The famous networks, counted: what their papers and others say of them comes out."""

import pytest

from cnnproj.anatomy import famous
from cnnproj.anatomy.networks import networks
from cnnproj.anatomy.published import PUBLISHED
from cnnproj.anatomy.stages import stages
from cnnproj.models import architectures
from cnnproj.reporting.network_tables import compared, layers_of

SOME = ("lenet5", "alexnet", "vgg16", "googlenet", "resnet18", "resnet50")


@pytest.fixture
def some(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of some of them: all take half a minute."""
    chosen = {name: architectures()[name] for name in SOME}
    monkeypatch.setattr(famous, "famous", lambda: chosen)


@pytest.mark.parametrize(
    ("name", "depth", "multiply_adds", "receptive_field"),
    [
        # Multiply-adds as the papers have them; receptive fields by Araujo et al. (2019), table 1.
        ("lenet5", 5, 416_520, "32×32"),
        ("alexnet", 8, 724e6, "195×195"),
        ("vgg16", 16, 15.5e9, "212×212"),
        ("googlenet", 22, 1.5e9, None),
        ("resnet18", 18, 1.8e9, "435×435"),
        ("resnet50", 50, 3.8e9, "483×483"),
    ],
)
def test_the_number_in_the_name_and_the_published_figures_come_out(name, depth, multiply_adds, receptive_field):
    found = famous.original(name)
    assert found.depth == depth
    assert found.multiply_adds == pytest.approx(multiply_adds, rel=0.06)
    if receptive_field:
        assert found.receptive_field == receptive_field


def test_resnet_18_has_the_17_convolutions_and_3904_maps_of_the_slide():
    found = famous.original("resnet18")
    assert (found.convolutions, found.feature_maps, found.trainable) == (17, 3904, 11_689_512)


def test_googlenet_has_about_7_million_parameters_and_no_batch_normalisation():
    found = famous.original("googlenet")
    assert 6.6e6 < found.trainable < 7.0e6
    assert found.normalisation == ["LocalResponse"]
    assert found.kernels == ["7×7", "5×5", "3×3", "1×1"]


def test_the_table_is_counted_and_its_footnotes_say_what_was_counted(some):
    found = networks({}, None, None)
    table = found.famous.set_index("network")
    assert list(table.index) == list(SOME)
    assert list(table["year"]) == sorted(table["year"])
    assert table.loc["lenet5", "activation"] == "tanh"
    assert table.loc["lenet5", "pooling"] == "average 2×2"
    assert table.loc["vgg16", "trainable"] == 138_357_544
    assert table["source"].str.len().gt(10).all()
    assert found.measured.empty
    assert any(f"{table.loc['googlenet', 'trainable']:,} parameters" in note for note in found.notes)
    assert len(found.notes) == 6


def test_every_error_was_published_with_the_way_it_was_measured():
    assert set(PUBLISHED) <= set(architectures())
    for name, known in PUBLISHED.items():
        assert (known.top5_error is None) == (known.how is None) == (name == "lenet5")


def test_the_tables_that_people_read_have_no_empty_cell_and_no_bare_number(some):
    tables, lines = compared(networks({}, None, None))
    assert [len(table) for table in tables] == [len(SOME), len(SOME)]
    assert (tables[1]["parameters"] == "138,357,544").any()
    assert (tables[1]["multiply-adds"] == "15.5 G").any()
    assert lines[0].startswith("1. ")
    (layers,), totals = layers_of(famous.original("resnet18"))
    assert not (layers.map(str) == "nan").any(axis=None)
    assert totals[:2] == [
        "18 layers with weights on the way from image to output, of these convolutions: 17.",
        "3,904 feature maps in the convolutions on that way.",
    ]


def test_a_network_is_drawn_in_a_few_stages():
    found = stages(famous.original("resnet18"))
    assert [stage.shape for stage in found] == [
        (112, 112, 64),
        (56, 56, 64),
        (28, 28, 128),
        (14, 14, 256),
        (7, 7, 512),
        (1000,),
    ]
    assert [stage.depth for stage in found] == [1, 4, 4, 4, 4, 1]
    assert [stage.kernels for stage in found] == [("7×7",), *[("3×3",)] * 4, ()]
