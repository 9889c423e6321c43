"""The atlas part of the Annotations dock: how the brain lies in which atlas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import QSize, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.annotation_types import LANDMARK
from labdata_napari.errors import LabdataError
from labdata_napari.lab.wish import LANDMARKS, Wish
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.source import layers_of, source_of
from labdata_napari.layers.track_picture import coarsest
from labdata_napari.widgets.atlas_form import AtlasForm
from labdata_napari.widgets.atlas_rows import read_facts, write_code, write_lying
from labdata_napari.widgets.atlas_work import AtlasWork
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.rows import TRANSFORM

if TYPE_CHECKING:
    import numpy as np

    from labdata_napari.core.atlas import AtlasVolume
    from labdata_napari.core.in_atlas import InAtlas
    from labdata_napari.lab.atlases import AtlasFound
    from labdata_napari.lab.laying import AtlasFacts
    from labdata_napari.lab.other_atlases import OtherAtlas
    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.layers.source import LayerSource
    from labdata_napari.widgets.workspace import Workspace


class AtlasPart(QWidget):
    """One line that says how the brain lies in an atlas, and a form to say it.

    Parameters
    ----------
    workspace
        Reads atlases in the background, and keeps what was said.
    """

    unfolded = Signal(bool)
    """Whether the form is open: it needs the room of the rest of the dock."""
    write_wanted = Signal()
    """Write the regions along the tracks to the lab."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._annotator: Annotator | None = None
        self._facts: AtlasFacts | None = None
        self._atlas: AtlasVolume | None = None
        self._pictures: Any = None
        self._words = QLabel()
        self._words.setObjectName("atlas_words")
        self._words.setWordWrap(True)
        self._open = QPushButton("Atlas …")
        self._open.setObjectName("atlas_open")
        self._open.setToolTip("Say which atlas, and how this brain lies in it")
        self._write = QPushButton("Write regions …")
        self._write.setObjectName("atlas_write")
        self._write.setToolTip(
            "See what would become of the lab's rows of regions by these tracks"
        )
        self._write.clicked.connect(self.write_wanted)
        self._form = AtlasForm()
        self._work = AtlasWork(workspace, self._form)
        self._form.hide()
        self._take_room(False)
        line = QHBoxLayout()
        line.addWidget(self._words, 1)
        line.addWidget(self._write)
        line.addWidget(self._open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self._form, 1)
        self._listening = Listening(self)
        self._open.clicked.connect(self._unfold)
        self._form.folded.connect(self._fold)
        self._form.laid.connect(self._lay)
        self._form.cancelled.connect(self._work.stop)
        self._form.way_chosen.connect(self._on_way)
        self._form.atlases.chosen.connect(self._on_atlas_chosen)
        self._form.atlases.other_wanted.connect(self._on_other)
        self._form.orientation.chosen.connect(self._on_code)
        self._form.landmarks.chosen.connect(self._on_landmark)
        self.hide()

    def follow(self, annotator: Annotator | None) -> None:
        """Speak of the brain of another layer."""
        if annotator is self._annotator:
            return
        self._fold()
        self._listening.stop()
        self._annotator, self._facts, self._atlas = annotator, None, None
        self._pictures = None
        if annotator is not None:
            self._listening.to(annotator.changed, self._on_changed)
        self.refresh()

    def refresh(self) -> None:
        """Say how the brain lies in an atlas, as it is now."""
        annotator = self._annotator
        self.setVisible(annotator is not None)
        if annotator is None:
            return
        brain = annotator.brain
        if brain is not None:
            self._words.setText(f"In {brain.atlas.name}: {brain.mapping.describe()}.")
        else:
            self._words.setText(annotator.why_no_regions)
        self._write.setVisible(brain is not None and self._form.isHidden())
        self._open.setText("Atlas …" if brain is not None else "Choose an atlas …")

    def minimumSizeHint(self) -> QSize:
        """Let the text wrap instead of widening the dock."""
        return QSize(0, super().minimumSizeHint().height())

    # -- the form

    def _unfold(self) -> None:
        source = self._source
        if source is None or not self._form.isHidden():
            return
        self._open.hide()
        self._write.hide()
        self._form.show()
        self._form.tell("")
        self._form.atlases.show_atlases((), "")
        self._take_room(True)
        self.unfolded.emit(True)
        self._workspace.submit(
            read_facts,
            source,
            on_loss=OnLoss.REPEAT,
            done=self._on_facts,
            failed=self._work.failed,
        )

    def _fold(self) -> None:
        self._open.show()
        if not self._form.isHidden():
            self._work.stop()
            self._form.hide()
            self._take_room(False)
            self.unfolded.emit(False)
            self.refresh()

    def _take_room(self, all_of_it: bool) -> None:
        policy = QSizePolicy.Policy
        high = policy.Expanding if all_of_it else policy.Maximum
        self.setSizePolicy(policy.Preferred, high)

    def _on_facts(self, answer: tuple[LayerSource, AtlasFacts]) -> None:
        source, facts = answer
        annotator = self._annotator
        if annotator is None or not self._is_of(source):
            return
        self._facts = facts
        choice = facts.brain.choice
        chosen = choice.lab_atlas
        if choice.atlas is None and len(facts.lab_atlases) == 1:
            chosen = next(iter(facts.lab_atlases))
        self._form.show_names(facts.lab_atlases, chosen)
        mapping = choice.mapping
        self._form.show_kind("" if mapping is None else mapping.kind)
        self._form.forget()
        if mapping is not None:
            self._form.landmarks.show_known(mapping)
        if facts.brain.problem:
            self._form.tell(facts.brain.problem)
        self._show_orientation(self._pictures)
        self._work.find(choice.atlas or "", self._on_atlases)
        images = self._images
        if images:
            self._work.glance(source, coarsest(images[0]), self._on_glances)

    def _show_orientation(self, pictures: Any) -> None:
        layer = None if self._annotator is None else self._annotator.layer
        if layer is not None:
            um, shape = (
                working_copy.um_per_pixel(layer),
                working_copy.stack_shape(layer),
            )
            self._form.orientation.show_brain(pictures, um, self._code, shape)

    def _on_glances(self, answer: tuple[LayerSource, Any]) -> None:
        if self._is_of(answer[0]):
            self._pictures = answer[1]
            self._show_orientation(self._pictures)

    def _on_atlases(self, answer: tuple[str, list[AtlasFound]]) -> None:
        name, found = answer
        self._form.atlases.show_atlases(found, name)
        if self._form.chosen_way == LANDMARKS and self._form.atlases.name:
            self._read_atlas()

    def _on_other(self, other: OtherAtlas) -> None:
        self._form.tell(f"Looking at {other.path.name} …")
        self._work.find("", self._on_atlases, other)

    # -- what is said

    @property
    def _code(self) -> str | None:
        annotator = self._annotator
        setting = None if annotator is None else annotator.figures.setting
        return None if setting is None else setting.orientation

    def _on_code(self, code: str) -> None:
        source = self._source
        if source is None or self._annotator is None:
            return
        self._annotator.know(orientation=code)
        self._show_orientation(self._pictures)
        self._workspace.submit(
            write_code,
            source,
            code,
            on_loss=OnLoss.REPEAT,
            done=self._on_kept,
            failed=self._work.failed,
        )

    def _on_way(self, way: str) -> None:
        self._form.tell("")
        if way == LANDMARKS and self._form.atlases.name:
            self._read_atlas()

    def _on_atlas_chosen(self, _name: str) -> None:
        self._on_way(self._form.chosen_way)

    def _on_landmark(self, name: str) -> None:
        if self._annotator is not None:
            self._annotator.choose(name)
            self._annotator.go_to(name)

    def _on_changed(self) -> None:
        """Measure the fit of the landmarks again: one was moved."""
        annotator = self._annotator
        if annotator is None or self._form.isHidden():
            return
        if self._form.chosen_way == LANDMARKS:
            layer = annotator.layer
            shape, um = (
                working_copy.stack_shape(layer),
                working_copy.um_per_pixel(layer),
            )
            if shape is not None and um is not None:
                self._form.landmarks.show_brain(
                    landmarks_of(annotator),
                    shape,
                    um,
                    self._code,
                    editing.chosen_annotation(layer),
                )

    # -- reading and laying

    def _read_atlas(self) -> None:
        name, facts = self._form.atlases.name, self._facts
        if facts is None or not name:
            return
        self._work.read(name, facts, self._known_atlas, self._on_read)

    def _on_read(self, atlas: AtlasVolume) -> None:
        self._form.show_busy("")
        self._form.tell("")
        self._atlas = atlas
        self._form.landmarks.show_atlas(atlas)
        self._on_changed()

    def _lay(self) -> None:
        facts = self._facts
        try:
            wish = self._wish()
        except LabdataError as error:
            self._form.tell(str(error))
            return
        if facts is None or wish is None:
            return
        self._work.lay(wish, facts, self._known_atlas, self._on_laid)

    def _wish(self) -> Wish | None:
        form, annotator = self._form, self._annotator
        if annotator is None:
            return None
        shape = working_copy.stack_shape(annotator.layer)
        um = working_copy.um_per_pixel(annotator.layer)
        if not form.atlases.name or not form.chosen_way:
            form.tell("Choose an atlas, and how the brain lies in it.")
            return None
        if shape is None or um is None:
            form.tell("The voxel size of this transform is not known; it cannot lie.")
            return None
        return Wish(
            form.atlases.name,
            form.chosen_way,
            shape,
            um,
            self._code,
            form.landmarks.pairs if form.chosen_way == LANDMARKS else (),
            form.folder,
            form.lab_atlas,
            form.landmarks.fit,
        )

    def _on_laid(self, answer: tuple[Wish, InAtlas]) -> None:
        wish, brain = answer
        source, annotator = self._source, self._annotator
        self._form.show_busy("")
        if source is None or annotator is None:
            return
        self._atlas = brain.atlas
        annotator.know(brain=brain)
        self.refresh()
        self._form.tell(f"It is laid in: {brain.mapping.describe()}.")
        self._workspace.submit(
            write_lying,
            source,
            wish,
            brain.mapping,
            on_loss=OnLoss.REPEAT,
            done=self._on_kept,
            failed=self._work.failed,
        )

    def _on_kept(self, source: LayerSource) -> None:
        self._workspace.annotating.look_again(source)

    # -- where

    @property
    def _source(self) -> LayerSource | None:
        return None if self._annotator is None else source_of(self._annotator.layer)

    def _is_of(self, source: LayerSource) -> bool:
        own = self._source
        return own is not None and own.is_same_row(source.kind, source.key, source.lab)

    @property
    def _images(self) -> list[Image]:
        source, viewer = self._source, self._workspace.viewer
        if source is None or viewer is None:
            return []
        found = layers_of(viewer.layers, TRANSFORM, source.key, source.lab)
        return [layer for layer in found if isinstance(layer, Image)]

    @property
    def _known_atlas(self) -> AtlasVolume | None:
        """The atlas that is open already; it may take 500 MB."""
        if self._atlas is not None or self._annotator is None:
            return self._atlas
        brain = self._annotator.brain
        return None if brain is None else brain.atlas


def landmarks_of(annotator: Annotator) -> dict[str, np.ndarray[Any, Any]]:
    """Return where the landmarks of a brain are, (1, 3) pixels, by name."""
    return {
        item.name: item.points
        for item in working_copy.listing(annotator.layer)
        if item.type == LANDMARK and len(item.points) == 1
    }
