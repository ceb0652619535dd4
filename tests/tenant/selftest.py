#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Does the stand-in tenant do what README.md says?  Starts one and looks at
it from outside, with means of its own."""

import os
import sys
import time
import unittest

sys.dont_write_bytecode = True      # leave the source tree as it is
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import selftest_support                                         # noqa: E402

PARTS = ("selftest_tokens", "selftest_flows", "selftest_faults",
         "selftest_wire")


def main():
    begin = time.monotonic()
    loader = unittest.TestLoader()
    names = sys.argv[1:] or PARTS
    with selftest_support.running():
        suite = loader.loadTestsFromNames(names)
        result = unittest.TextTestRunner(
            stream=sys.stdout, verbosity=2).run(suite)
    print("%d tests of the stand-in tenant in %.1f s"
          % (result.testsRun, time.monotonic() - begin))
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main()
