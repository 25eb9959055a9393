"""The ports' implementations: each speaks to one outside thing and hands inward nothing but values of the domain."""
