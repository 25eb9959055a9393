"""Sources of download counts, one module each, named like the source in `settings.downloads.DOWNLOAD_SOURCES`.

A module has a function `build_source(connect, **settings) -> DownloadStats`. `connect` takes limits of a service, and
returns its client. The settings are those whose names begin with the name of the source. The arguments leave this
prefix out: PYPISTATS_BASE_URL is the argument `base_url` of `pypistats.build_source`.
"""
