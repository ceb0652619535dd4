# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for an Auth0 tenant, for tests.

Bottom up; a module imports only what stands in a line above its own:

    options  journal  people  limits  wire     no imports of our own
    keys  certificates  faults  listener       pairs, rules, sockets and TLS
    jose  state  mangle                        formats, memory, wrong answers
    tokens  documents                          what is issued and published
    grants  userinfo                           what a client may ask
    control                                    what a test may ask
    front                                      HTTP: who gets which answer
"""
