"""What computing a transform will give and take, and the buttons that do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from labdata_napari.core.estimate import estimate
from labdata_napari.errors import InvalidValue
from labdata_napari.widgets.rights import allow

if TYPE_CHECKING:
    from labdata_napari.core.transform_draft import TransformDraft
    from labdata_napari.widgets.transform_source import TransformSource


class TransformFooter(QWidget):
    """The estimate, the reason why not, and Save and Compute, or Add and Export."""

    save_wanted = Signal()
    compute_wanted = Signal()
    layer_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = QLabel()
        self._words.setObjectName("transform_estimate")
        self._words.setWordWrap(True)
        self._reason = QLabel()
        self._reason.setObjectName("transform_reason")
        self._reason.setWordWrap(True)
        self._save = self._button("save", "Save", "Keep these parameters in the lab")
        self._compute = self._button(
            "compute",
            "Compute",
            "Save, and compute the stack in the background (Ctrl+Enter)",
        )
        self._layer = self._button(
            "layer", "Add as layer", "Compute it into a new layer of this window"
        )
        self._export = self._button(
            "export", "Export …", "Compute it into an OME-TIFF, in the background"
        )
        row = QHBoxLayout()
        row.addStretch()
        for button, signal in (
            (self._save, self.save_wanted),
            (self._compute, self.compute_wanted),
            (self._layer, self.layer_wanted),
            (self._export, self.export_wanted),
        ):
            row.addWidget(button)
            button.clicked.connect(signal)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._words)
        layout.addWidget(self._reason)
        layout.addLayout(row)

    def _button(self, name: str, text: str, tooltip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(f"transform_{name}")
        button.setToolTip(tooltip)
        return button

    def minimumSizeHint(self) -> QSize:
        """Let the text wrap instead of widening the dock."""
        return QSize(0, super().minimumSizeHint().height())

    @property
    def can_compute(self) -> bool:
        """Whether Compute may be pressed."""
        return self._compute.isEnabled() and not self._compute.isHidden()

    def show_state(
        self,
        source: TransformSource | None,
        draft: TransformDraft | None,
        *,
        why_not: str,
        unsaved: bool,
        computed: bool,
        busy: bool,
    ) -> None:
        """Show what a draft of a source will give.

        Parameters
        ----------
        source, draft
            What is transformed and how; None where there is nothing.
        why_not
            Why nothing may be written; empty when it may.
        unsaved, computed
            Whether the draft is not stored, and whether its set has been computed.
        busy
            Whether it is being saved.
        """
        words, invalid = self._estimate(source, draft)
        self._words.setText(words)
        in_lab = source is not None and source.rows is not None
        done = "" if unsaved or not computed else "It has been computed already."
        self._reason.setText(invalid or (why_not if in_lab else ""))
        self._reason.setVisible(bool(self._reason.text()))
        for button in (self._save, self._compute):
            button.setVisible(in_lab)
        for button in (self._layer, self._export):
            button.setVisible(source is not None and not in_lab)
            allow(button, source is not None, invalid)
        allow(self._save, unsaved and not busy, invalid or why_not)
        allow(self._compute, not busy, invalid or why_not or done)

    def _estimate(
        self, source: TransformSource | None, draft: TransformDraft | None
    ) -> tuple[str, str]:
        if source is None or draft is None:
            return "", ""
        try:
            return estimate(source.stack, draft.plan).words(), ""
        except InvalidValue as error:
            return "", str(error)
