"""Video files: reading frames, converting colours, and writing outputs with the source's other streams.

`read` opens sources with exact times and cuts. `colour` converts between code values and RGB. `write`
plans, encodes, carries other streams along and joins pieces.
"""
