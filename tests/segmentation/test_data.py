"""Images and masks: found, read, checked against each other, brought to one size, and dealt out."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnproj.data.audit import load_audit
from cnnproj.data.resizing import fit_mask, fit_to
from cnnproj.errors import CnnprojError
from cnnproj.segmentation.scores import IGNORED
from cnnproj.segmentation.sources import open_masked

from .made import audited, scene, stored, write


def open_(folder: Path, **named: object):
    return open_masked(str(folder), folder.parent, seed=1, **named)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write(tmp_path / "cells", range(12))


def save(mask: np.ndarray, path: Path, **how: object) -> None:
    Image.fromarray(mask).save(path, **how)


def kinds(folder: Path) -> dict[str, list[str]]:
    findings = load_audit(folder).findings
    return {kind: sorted(found["image"]) for kind, found in findings.groupby("kind")}


class TestLayouts:
    def test_a_folder_and_a_zip_hold_the_same(self, pairs, tmp_path):
        with zipfile.ZipFile(tmp_path / "cells.zip", "w") as file:
            for path in sorted(pairs.rglob("*.png")):
                file.write(path, f"wrapped/{path.relative_to(pairs)}")
        folder, zipped = open_(pairs).prepared(), open_(tmp_path / "cells.zip").prepared()
        assert len(folder.table) == len(zipped.table) == 12
        for row in range(12):
            np.testing.assert_array_equal(folder.classes_at(row), scene(row)[1])
            np.testing.assert_array_equal(zipped.classes_at(row), scene(row)[1])

    def test_parts_that_the_data_brings_are_kept(self, tmp_path):
        for part, numbers in (("train", range(6)), ("val", range(6, 9)), ("test", range(9, 12))):
            write(tmp_path / "cells", numbers, part=part)
        images = stored(open_(tmp_path / "cells"), tmp_path / "data")
        assert images.table["split"].value_counts().to_dict() == {"train": 6, "validation": 3, "test": 3}

    def test_parts_may_stand_within_images_and_masks(self, tmp_path):
        for part, numbers in (("train", range(4)), ("test", range(4, 6))):
            write(tmp_path / "made", numbers, part=part)
            for name in ("images", "masks"):
                (tmp_path / "cells" / name).mkdir(parents=True, exist_ok=True)
                shutil.move(tmp_path / "made" / part / name, tmp_path / "cells" / name / part)
        table = open_(tmp_path / "cells").table
        assert table["given_split"].tolist() == ["test"] * 2 + ["train"] * 4

    def test_a_mask_may_have_another_extension_and_an_ending(self, pairs):
        for path in sorted((pairs / "masks").iterdir()):
            Image.open(path).save(path.with_name(f"{path.stem}_mask.bmp"))
            path.unlink()
        assert open_(pairs).masks[3] == "masks/003_mask.bmp"

    def test_the_embedded_shapes_have_five_classes(self):
        source = open_masked("shapes", Path(), seed=1).prepared()
        assert source.pixel_classes == ("background", "circle", "square", "star", "triangle")
        mask = source.classes_at(0)
        assert mask.shape == source.read(0).pixels.shape[:2]
        assert set(np.unique(mask)) == {0, source.pixel_classes.index(source.shapes.table["label"][0])}

    def test_a_mask_that_changes_changes_the_fingerprint(self, pairs):
        before = open_(pairs).fingerprint
        save(np.ones((32, 40), np.uint8), pairs / "masks" / "003.png")
        assert open_(pairs).fingerprint != before


class TestEncodings:
    def change(self, pairs: Path, turn) -> None:
        for number in range(12):
            turn(scene(number)[1]).save(pairs / "masks" / f"{number:03}.png")

    def test_black_and_white(self, pairs):
        self.change(pairs, lambda mask: Image.fromarray((mask > 0) * np.uint8(255)))
        source = open_(pairs).prepared()
        assert source.pixel_classes == ("background", "object")
        np.testing.assert_array_equal(source.classes_at(2), scene(2)[1] > 0)

    def test_class_indices(self, pairs):
        assert open_(pairs).prepared().pixel_classes == ("background", "class 1", "class 2")
        named = open_(pairs, names=("ground", "disc", "square")).prepared()
        assert named.pixel_classes == ("ground", "disc", "square")

    def test_gray_levels(self, pairs):
        self.change(pairs, lambda mask: Image.fromarray(mask * np.uint8(100)))
        source = open_(pairs, names=("ground", "disc", "square")).prepared()
        np.testing.assert_array_equal(source.classes_at(2), scene(2)[1])
        assert open_(pairs).prepared().pixel_classes == ("background", "class 100", "class 200")

    COLORS = np.array([[0, 0, 0], [200, 10, 10], [10, 10, 200]], np.uint8)

    def test_colours(self, pairs):
        self.change(pairs, lambda mask: Image.fromarray(self.COLORS[mask]))
        found = open_(pairs).prepared()
        assert found.pixel_classes == ("background", "#0a0ac8", "#c80a0a")
        table = {"ground": "#000000", "disc": "#c80a0a", "square": "#0a0ac8"}
        named = open_(pairs, colors=table).prepared()
        assert named.pixel_classes == ("ground", "disc", "square")
        np.testing.assert_array_equal(named.classes_at(2), scene(2)[1])

    def test_a_palette_by_its_numbers_and_with_a_table_by_its_colours(self, pairs):
        def paint(mask):
            image = Image.fromarray(mask)
            image.putpalette(self.COLORS.tobytes())
            return image

        self.change(pairs, paint)
        np.testing.assert_array_equal(open_(pairs).prepared().classes_at(2), scene(2)[1])
        table = {"ground": "#000000", "square": "#0a0ac8", "disc": "#c80a0a"}
        turned = np.array([0, 2, 1])[scene(2)[1]]
        np.testing.assert_array_equal(open_(pairs, colors=table).prepared().classes_at(2), turned)

    def test_a_mask_in_jpeg_is_cut_at_half_of_white_or_refused(self, pairs, tmp_path):
        shutil.rmtree(pairs / "masks")
        (pairs / "masks").mkdir()
        for number in range(12):
            save((scene(number)[1] > 0) * np.uint8(255), pairs / "masks" / f"{number:03}.jpg", quality=95)
        source = open_(pairs).prepared()
        np.testing.assert_array_equal(source.classes_at(2), scene(2)[1] > 0)
        save(scene(5)[1] * np.uint8(100), pairs / "masks" / "005.jpg", quality=60)
        audited(open_(pairs), tmp_path / "data")
        assert kinds(tmp_path / "data")["mask_lossy"] == ["images/005.png"]


class TestTheAudit:
    def test_names_what_is_wrong_between_image_and_mask_and_sets_it_aside(self, pairs, tmp_path):
        masks = pairs / "masks"
        (masks / "000.png").unlink()
        save(np.zeros((32, 40), np.uint8), masks / "001.png")
        save(np.full((32, 32), 9, np.uint8), masks / "002.png")
        (masks / "003.png").write_bytes(b"no mask")
        save(np.zeros((32, 32), np.uint8), masks / "004.png")
        save(np.zeros((32, 32), np.uint8), masks / "099.png")
        save(np.zeros((32, 32), np.uint8), pairs / "cover.png")
        images = stored(open_(pairs, names=("ground", "disc", "square")), tmp_path / "data")
        found = kinds(tmp_path / "data")
        assert found["mask_missing"] == ["images/000.png"]
        assert found["mask_size"] == ["images/001.png"]
        assert found["mask_unknown_value"] == ["images/002.png"]
        assert found["mask_unreadable"] == ["images/003.png"]
        assert found["mask_empty"] == ["images/004.png"]
        assert found["image_missing"] == ["masks/099.png"]
        assert found["outside_pairs"] == ["cover.png"]
        assert len(images.table) == 8
        reasons = images.images.set_aside.set_index("image")["reason"]
        assert "32×32" in reasons["images/001.png"]
        assert "40×32" in reasons["images/001.png"]
        assert "value 9" in reasons["images/002.png"]
        assert len(load_audit(tmp_path / "data").summary) >= 7

    def test_tells_of_one_image_with_two_masks(self, pairs, tmp_path):
        shutil.copy(pairs / "images" / "001.png", pairs / "images" / "050.png")
        save(scene(2)[1], pairs / "masks" / "050.png")
        audited(open_(pairs), tmp_path / "data")
        assert kinds(tmp_path / "data")["mask_contradiction"] == ["images/050.png"]

    def test_equal_images_stay_in_one_part(self, pairs, tmp_path):
        for number in range(6):
            for name in ("images", "masks"):
                shutil.copy(pairs / name / f"{number:03}.png", pairs / name / f"{number + 100}.png")
        table = stored(open_(pairs), tmp_path / "data").table
        assert (table.groupby("content")["split"].nunique() == 1).all()
        assert len(table) == 18

    def test_a_mask_that_is_mended_is_read_again(self, pairs, tmp_path):
        (pairs / "masks" / "000.png").unlink()
        assert len(stored(open_(pairs), tmp_path / "data").table) == 11
        save(scene(0)[1], pairs / "masks" / "000.png")
        images = stored(open_(pairs), tmp_path / "data")
        assert len(images.table) == 12
        row = images.table.set_index("image")["row"]["images/000.png"]
        np.testing.assert_array_equal(images.masks[row], scene(0)[1])

    @pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
    def test_masks_lie_on_their_images_at_any_size(self, tmp_path, resize):
        rng = np.random.default_rng(0)
        for number in range(6):
            image = np.zeros((rng.integers(40, 90), rng.integers(40, 90)), np.uint8)
            image[10:30, 15:35] = 255
            for name in ("images", "masks"):
                (tmp_path / "cells" / name).mkdir(parents=True, exist_ok=True)
                noise = rng.integers(0, 20, image.shape) if name == "images" else 0
                save(
                    (np.clip(image, 0, 230) + noise).astype(np.uint8) if name == "images" else image,
                    tmp_path / "cells" / name / f"{number}.png",
                )
        images = stored(open_(tmp_path / "cells"), tmp_path / "data", size=(48, 40), resize=resize)
        shown, masks = np.asarray(images.images.pixels)[..., 0], np.asarray(images.masks)
        sure = (shown < 40) | (shown > 220)
        np.testing.assert_array_equal(shown[sure] > 128, masks[sure] == 1)
        assert sure.mean() > 0.8


def test_a_mask_never_gets_a_value_that_it_did_not_have():
    mask = scene(1)[1] * np.uint8(7)
    for resize in ("stretch", "pad", "crop"):
        for size in ((13, 50), (64, 64), (7, 9)):
            assert set(np.unique(fit_mask(mask, size, resize))) <= {0, 7, 14}
            assert fit_mask(mask, size, resize).shape == fit_to(mask, size, resize).shape[:2] == size


class TestMistakes:
    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda folder: shutil.rmtree(folder / "masks"), "There are 12 images and 0 masks"),
            (
                lambda folder: [path.rename(path.with_name(f"x{path.name}")) for path in (folder / "masks").iterdir()],
                "No image in .* has a mask of its name: there is images/000.png",
            ),
        ],
    )
    def test_of_the_folders(self, pairs, make, words):
        make(pairs)
        with pytest.raises(CnnprojError, match=words):
            open_(pairs)

    def test_of_the_kind(self, tmp_path):
        (tmp_path / "list.csv").write_text("path,label\n")
        with pytest.raises(CnnprojError, match="neither a folder nor a zip"):
            open_(tmp_path / "list.csv")
        with pytest.raises(CnnprojError, match=r"digit"):
            open_masked("digit", tmp_path, seed=1)

    def test_of_the_masks(self, pairs, tmp_path):
        rng = np.random.default_rng(0)
        for path in (pairs / "masks").iterdir():
            save(rng.integers(0, 256, (32, 32), np.uint8), path)
        with pytest.raises(CnnprojError, match="different values; there can be 64"):
            open_(pairs).prepared()
        for path in (pairs / "masks").iterdir():
            save(np.zeros((32, 32), np.uint8), path)
        with pytest.raises(CnnprojError, match="No mask of cells has a pixel"):
            audited(open_(pairs), tmp_path / "data")
        for path in (pairs / "masks").iterdir():
            path.write_bytes(b"")
        with pytest.raises(CnnprojError, match=r"No mask in .* can be read"):
            open_(pairs).prepared()

    def test_of_the_names_of_colours(self, pairs):
        for number in range(12):
            save(TestEncodings.COLORS[scene(number)[1]], pairs / "masks" / f"{number:03}.png")
        with pytest.raises(CnnprojError, match="3 colours"):
            open_(pairs, names=("ground", "disc")).prepared()


class TestIgnoredPixels:
    """A value of masks that stands for no class: see ``data.ignore``."""

    def unlabelled(self, pairs: Path, value: int) -> np.ndarray:
        """Give the upper rows of the mask of image 2 ``value``; what it is to be read as."""
        mask = scene(2)[1]
        mask[:6] = value
        save(mask, pairs / "masks" / "002.png")
        return np.where(mask == value, IGNORED, mask)

    def test_by_a_number(self, pairs):
        expected = self.unlabelled(pairs, 255)
        source = open_(pairs, ignore=255).prepared()
        assert source.pixel_classes == ("background", "class 1", "class 2")
        np.testing.assert_array_equal(source.classes_at(2), expected)
        np.testing.assert_array_equal(source.classes_at(3), scene(3)[1])

    def test_a_number_among_the_classes(self, pairs):
        source = open_(pairs, ignore=1).prepared()
        np.testing.assert_array_equal(source.classes_at(2) == IGNORED, scene(2)[1] == 1)

    @pytest.mark.parametrize(("ignore", "palette"), [("#e0e0c0", False), ("#e0e0c0", True), (3, True)])
    def test_by_a_colour_and_in_a_palette(self, pairs, ignore, palette):
        colors = np.array([[0, 0, 0], [200, 10, 10], [10, 10, 200], [0xE0, 0xE0, 0xC0]], np.uint8)
        for number in range(12):
            mask = scene(number)[1]
            mask[:6] = 3
            image = Image.fromarray(mask if palette else colors[mask])
            if palette:
                image.putpalette(colors.tobytes())
            image.save(pairs / "masks" / f"{number:03}.png")
        source = open_(pairs, ignore=ignore).prepared()
        assert len(source.pixel_classes) == 3
        found = source.classes_at(2)
        assert (found[:6] == IGNORED).all()
        assert (found[6:] != IGNORED).all()
        assert set(np.unique(found[6:])) == {0, 1, 2}

    def test_the_audit_and_the_shares_say_how_much(self, pairs, tmp_path):
        for number in range(12):
            mask = scene(number)[1]
            mask[:8] = 255
            save(mask, pairs / "masks" / f"{number:03}.png")
        save(np.full((32, 32), 255, np.uint8), pairs / "masks" / "000.png")
        mask = np.zeros((32, 32), np.uint8)
        mask[:16] = 255
        save(mask, pairs / "masks" / "001.png")
        images = stored(open_(pairs, ignore=255), tmp_path / "data")
        found = kinds(tmp_path / "data")
        assert found["mask_unlabelled"] == ["images/000.png"]
        assert found["mask_empty"] == ["images/001.png"]
        assert len(found["mask_ignored"]) == 11
        findings = load_audit(tmp_path / "data").findings
        detail = findings[findings["kind"] == "mask_ignored"].set_index("image")["detail"]
        assert (detail["images/001.png"], detail["images/002.png"]) == ("50.0%", "25.0%")
        assert images.shares.shape == (4, 2)
        assert (images.shares.iloc[-1] >= 0.25).all()
        np.testing.assert_allclose(images.shares.sum(), 1)

    def test_where_nothing_is_labelled_a_sentence_says_so(self, pairs):
        for number in range(12):
            save(np.full((32, 32), 255, np.uint8), pairs / "masks" / f"{number:03}.png")
        with pytest.raises(CnnprojError, match="Every pixel of every mask has the value 255"):
            open_(pairs, ignore=255).prepared()

    def test_the_value_is_part_of_what_is_stored(self, pairs):
        before = open_(pairs).prepared().table["stamp"]
        assert (open_(pairs, ignore=255).prepared().table["stamp"] != before).all()
