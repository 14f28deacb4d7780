"""Screens with files: their keys work wherever on the screen the focus is."""

from __future__ import annotations

from layerscope.tui.models.tree_view import Mark
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.widgets.files_pane import FilesPane


class FilesScreen(ExplorerScreen):
    """A screen with a FilesPane, and what the keys for files do."""

    @property
    def files(self) -> FilesPane:
        """The pane."""
        return self.query_one(FilesPane)

    @property
    def shown(self) -> FilesPane:
        """The pane, for a key that does something in it: where another one has its place, it is
        shown first, and has the keys from then on."""
        if not self.files.display:
            self.set_focus(self.files.file_tree)
        return self.files

    def sees_files(self) -> bool:
        """Whether the pane can be seen; else it is said how to get there, for a key that does
        something with the file under its cursor."""
        if not self.files.display:
            self.notify("no file is shown here: Tab goes to them", severity="warning", timeout=3)
        return bool(self.files.display)

    def action_toggle_scope(self) -> None:
        """What this layer changed, or everything up to it."""
        self.shown.toggle_scope()

    def action_toggle_added(self) -> None:
        """Show or hide what is added."""
        self.shown.toggle_mark(Mark.ADDED)

    def action_toggle_modified(self) -> None:
        """Show or hide what is modified."""
        self.shown.toggle_mark(Mark.MODIFIED)

    def action_toggle_removed(self) -> None:
        """Show or hide what is removed."""
        self.shown.toggle_mark(Mark.REMOVED)

    def action_toggle_unchanged(self) -> None:
        """Show or hide what is unchanged."""
        self.shown.toggle_mark(Mark.UNCHANGED)

    def action_fold(self) -> None:
        """Open or shut a directory."""
        self.shown.file_tree.fold()

    def action_fold_right(self) -> None:
        """Open a directory, or go to what is in it."""
        self.shown.file_tree.go_in()

    def action_fold_left(self) -> None:
        """Shut a directory, or go to the one around."""
        self.shown.file_tree.go_out()

    def action_expand_below(self) -> None:
        """Open a directory with all below it."""
        self.shown.file_tree.expand_below()

    def action_expand_all(self) -> None:
        """Open every directory."""
        self.shown.file_tree.to_depth()

    def action_collapse_all(self) -> None:
        """Shut every directory."""
        self.shown.file_tree.to_depth(0)

    def action_to_depth(self, depth: int) -> None:
        """Open directories to a depth."""
        self.shown.file_tree.to_depth(depth)

    def action_sort(self) -> None:
        """By name, size or time."""
        self.shown.sort()

    def action_biggest(self) -> None:
        """A flat list of the biggest files, or the tree."""
        self.shown.toggle_biggest()

    def action_filter(self) -> None:
        """Ask for a pattern."""
        self.shown.ask_filter()

    def action_go_to(self) -> None:
        """Ask for a path."""
        self.shown.ask_path()

    def action_next_match(self) -> None:
        """The next match."""
        self.shown.next_match(1)

    def action_previous_match(self) -> None:
        """The match before."""
        self.shown.next_match(-1)

    def action_copy_path(self) -> None:
        """The path under the cursor, to the terminal's clipboard."""
        path = self.files.file_tree.path
        if path is not None and self.sees_files():
            self.copy_path(path)
