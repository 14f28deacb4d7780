"""The full-screen explorer: screens, widgets and the models behind them."""
