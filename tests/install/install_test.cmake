file(REMOVE_RECURSE ${PREFIX})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX}
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
foreach(file bin/linnet share/man/man1/linnet.1 share/doc/linnet/copyright
    share/bash-completion/completions/linnet share/zsh/vendor-completions/_linnet
    share/fish/vendor_completions.d/linnet.fish)
  if(NOT EXISTS ${PREFIX}/${file})
    message(FATAL_ERROR "not installed: ${file}")
  endif()
  file(SIZE ${PREFIX}/${file} size)
  if(size EQUAL 0)
    message(FATAL_ERROR "installed, but empty: ${file}")
  endif()
endforeach()
execute_process(COMMAND ${PREFIX}/bin/linnet --version
  OUTPUT_VARIABLE version COMMAND_ERROR_IS_FATAL ANY)
if(NOT version MATCHES "^linnet [0-9]+\\.[0-9]+\\.[0-9]+")
  message(FATAL_ERROR "not a version: ${version}")
endif()
