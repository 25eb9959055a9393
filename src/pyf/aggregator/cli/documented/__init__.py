"""The commands `pyfaggregator` and `pyfupdater`, with the options of earlier versions."""
