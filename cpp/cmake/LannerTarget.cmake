# What every target of this project is compiled with: warnings, sanitizers, and floating point that rounds as written.
# Instruction sets are no part of it: a kernel unit sets its own flags, everything else is built for the baseline.

# lanner_target(<target>): call once for each library, module and test.
function(lanner_target target)
    if(MSVC)
        target_compile_options(${target} PRIVATE /W4 /utf-8 /permissive- /Zc:__cplusplus $<$<BOOL:${LANNER_WERROR}>:/WX>)
        target_compile_definitions(${target} PRIVATE NOMINMAX WIN32_LEAN_AND_MEAN _CRT_SECURE_NO_WARNINGS)
    else()
        # No fused multiply-add but where one is written: results must not hang on the compiler's mood.
        target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -ffp-contract=off
                                                 $<$<BOOL:${LANNER_WERROR}>:-Werror>)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
            # It suspects the standard library's own string concatenation (GCC bug 105651).
            target_compile_options(${target} PRIVATE -Wno-restrict)
        endif()
    endif()
    if(LANNER_SANITIZE)
        lanner_sanitize(${target})
    endif()
endfunction()

function(lanner_sanitize target)
    if(MSVC)
        message(FATAL_ERROR "LANNER_SANITIZE needs GCC or Clang")
    endif()
    foreach(sanitizer IN LISTS LANNER_SANITIZE)
        if(NOT sanitizer MATCHES "^(address|undefined|thread)$")
            message(FATAL_ERROR "LANNER_SANITIZE has '${sanitizer}', expected address, undefined or thread")
        endif()
    endforeach()
    if("thread" IN_LIST LANNER_SANITIZE AND "address" IN_LIST LANNER_SANITIZE)
        message(FATAL_ERROR "LANNER_SANITIZE cannot have both address and thread")
    endif()
    list(JOIN LANNER_SANITIZE "," names)
    target_compile_options(${target} PRIVATE -fsanitize=${names} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
    if("address" IN_LIST LANNER_SANITIZE)
        # Checks as calls: inline, they take minutes to compile in the kernels.
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            target_compile_options(${target} PRIVATE "SHELL:--param asan-instrumentation-with-call-threshold=0")
        else()
            target_compile_options(${target} PRIVATE "SHELL:-mllvm -asan-instrumentation-with-call-threshold=0")
        endif()
    endif()
    # Interface too: whoever links a static library built so needs the same run time.
    target_link_options(${target} PUBLIC -fsanitize=${names})
endfunction()
