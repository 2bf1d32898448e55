"""Props and drawings that one notebook needs each, named after it; nothing of the
product imports them."""
