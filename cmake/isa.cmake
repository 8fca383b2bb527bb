# isa.cmake: the suffix of a kernel file (gemm_avx2.c) decides its compiler flags; foreign architectures are left out.
# SPDX-License-Identifier: Apache-2.0
set(LRT_ISA_x86_64 avx2 avxvnni avx512 avx512vnni avx512bf16)
set(LRT_ISA_aarch64 neon neondot neoni8mm)
set(LRT_FLAGS_avx2 -mavx2 -mfma -mf16c -mbmi2)
set(LRT_FLAGS_avxvnni ${LRT_FLAGS_avx2} -mavxvnni)
set(LRT_FLAGS_avx512 ${LRT_FLAGS_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd)
set(LRT_FLAGS_avx512vnni ${LRT_FLAGS_avx512} -mavx512vnni)
set(LRT_FLAGS_avx512bf16 ${LRT_FLAGS_avx512vnni} -mavx512bf16)
set(LRT_FLAGS_neon -march=armv8-a)
set(LRT_FLAGS_neondot -march=armv8.2-a+dotprod)
set(LRT_FLAGS_neoni8mm -march=armv8.2-a+dotprod+i8mm)
set(LRT_ALL_ISA ${LRT_ISA_x86_64} ${LRT_ISA_aarch64})

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(LRT_ARCH x86_64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(LRT_ARCH aarch64)
else()
  set(LRT_ARCH generic)
endif()

# Sets flags on the sources of a list and removes those this architecture cannot compile.
# Source-file properties are visible in the calling directory only.
macro(lrt_apply_isa sources)
  foreach(source IN LISTS ${sources})
    get_filename_component(stem "${source}" NAME_WE)
    string(REGEX REPLACE "^.*_" "" suffix "${stem}")
    if(source MATCHES "/kernels/")
      # Register-tiled loops: partial redundancy elimination makes gcc spill accumulators.
      set(flags -O3)
      if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        list(APPEND flags -fno-tree-pre)
      endif()
      if(suffix IN_LIST LRT_ALL_ISA)
        if(NOT suffix IN_LIST LRT_ISA_${LRT_ARCH})
          list(REMOVE_ITEM ${sources} "${source}")
          continue()
        endif()
        list(APPEND flags ${LRT_FLAGS_${suffix}})
      endif()
      # Fused multiply-add only where a kernel asks for it: results do not depend on the compiler's taste.
      # Nobody reads the floating-point exception flags; gcc needs to hear it before it turns choices into blends.
      list(APPEND flags -ffp-contract=off -fno-trapping-math)
      set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS "${flags}")
    endif()
  endforeach()
endmacro()
