// Everything between LINNET_TARGET_BEGIN("avx2,fma") and LINNET_TARGET_END is compiled for those
// instructions, whatever the command line says. Standard headers come before: what they define
// stays baseline and cannot leak.
#pragma once

#define LINNET_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define LINNET_TARGET_BEGIN(features) \
    LINNET_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define LINNET_TARGET_END LINNET_PRAGMA(clang attribute pop)
#else
#define LINNET_TARGET_BEGIN(features) \
    LINNET_PRAGMA(GCC push_options) LINNET_PRAGMA(GCC target(features))
#define LINNET_TARGET_END LINNET_PRAGMA(GCC pop_options)
#endif
