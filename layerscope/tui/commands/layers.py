"""Commands of the Layers screen."""

from __future__ import annotations

from layerscope.tui.commands.command import Command

LAYERS_GROUP, FILES_GROUP, FIND_GROUP = "Layers", "Files", "Finding"
DEEPEST_KEY = 5

_LAYERS = (
    Command("switch_pane", ("tab",), "Other side", "layers or files", LAYERS_GROUP, True),
    Command("layer_below", ("left_square_bracket",), "Layer below", "from either side",
            LAYERS_GROUP),
    Command("layer_above", ("right_square_bracket",), "Layer above", "from either side",
            LAYERS_GROUP),
    Command("mark_layer", ("m",), "Mark", "to compare with another; again: no longer",
            LAYERS_GROUP),
    Command("compare", ("c",), "Compare", "two marked layers, or the marked and this one",
            LAYERS_GROUP),
    Command("waste", ("w",), "Waste", "what costs most for nothing", LAYERS_GROUP, True),
    Command("build", ("B",), "Build", "the Dockerfile beside the layers it made", LAYERS_GROUP,
            True),
    Command("read_on", ("r",), "Read on", "read what Esc or an error left unread",
            LAYERS_GROUP),
)  # fmt: skip

_FILES = (
    Command("toggle_scope", ("a",), "Changed/all",
            "what this layer changed, or all up to it", FILES_GROUP, True),
    Command("sort", ("s",), "Sort", "by name, size or time", FILES_GROUP, True),
    Command("biggest", ("b",), "Biggest", "a list of the biggest files, or the tree",
            FILES_GROUP, True),
    Command("fold", ("space",), "Fold", "open or shut a directory", FILES_GROUP, True),
    Command("fold_right", ("right", "l"), "Into", "open a directory, then go into it",
            FILES_GROUP),
    Command("fold_left", ("left", "h"), "Out of", "shut a directory, or go to the one around it",
            FILES_GROUP),
    Command("expand_below", ("asterisk",), "Open below", "open a directory with all below it",
            FILES_GROUP),
    Command("expand_all", ("plus", "equals_sign"), "Open all", "open every directory",
            FILES_GROUP),
    Command("collapse_all", ("minus", "0"), "Shut all", "shut every directory", FILES_GROUP),
    *(Command(f"to_depth({depth})", (str(depth),), f"Depth {depth}",
              f"open directories {depth} deep", FILES_GROUP)
      for depth in range(1, DEEPEST_KEY + 1)),
    Command("toggle_added", ("A",), "Added", "show or hide what is added", FILES_GROUP),
    Command("toggle_modified", ("M",), "Modified", "show or hide what is modified", FILES_GROUP),
    Command("toggle_removed", ("D",), "Removed", "show or hide what is removed", FILES_GROUP),
    Command("toggle_unchanged", ("U",), "Unchanged", "show or hide what is unchanged",
            FILES_GROUP),
    Command("copy_path", ("y",), "Copy path", "to the clipboard of your terminal", FILES_GROUP),
    Command("save_file", ("S",), "Save", "write the file to this machine's disk", FILES_GROUP),
)  # fmt: skip

_FIND = (
    Command("filter", ("slash",), "Filter", "part of a name, of a/path, or a whole *.so",
            FIND_GROUP, True),
    Command("next_match", ("n",), "Next", "the next match, or the next change", FIND_GROUP),
    Command("previous_match", ("N",), "Previous", "the match or change before", FIND_GROUP),
    Command("go_to", ("colon",), "Go to path", "type a path; → completes it", FIND_GROUP),
)  # fmt: skip

LAYERS = (*_LAYERS, *_FILES, *_FIND)
