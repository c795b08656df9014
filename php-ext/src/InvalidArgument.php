<?php
/* SPDX-License-Identifier: BSD-3-Clause */

namespace McProxy;

/** A key, a list of keys or a time to live that PSR-16 does not allow. */
class InvalidArgument extends \InvalidArgumentException implements \Psr\SimpleCache\InvalidArgumentException
{
}
