"""Hosts of source repositories: GitHub, GitLab and Forgejo.

Each kind is a module with the function `build_host(service: ServiceClient, address: HostAddress) -> RepositoryHost`.
The settings name the kinds (`settings/repositories.py`).
"""
