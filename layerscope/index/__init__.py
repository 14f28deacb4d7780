"""LayerIndex: one layer's entries as columns in tree order; StackView: the union of several."""
