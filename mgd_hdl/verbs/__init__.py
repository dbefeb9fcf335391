"""What each verb of ``mgd-hdl`` does, once its arguments are parsed."""
