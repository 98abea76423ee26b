# What `cmake --install` puts where, and the .deb: cmake --build build/release --target package.
# Man pages and completions are written by the program itself.
set(generated ${CMAKE_BINARY_DIR}/generated)
install(CODE "
  function(write)
    execute_process(COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} \"$<TARGET_FILE:linnet>\" \${ARGN}
      COMMAND_ERROR_IS_FATAL ANY)
  endfunction()
  file(REMOVE_RECURSE \"${generated}\")
  file(MAKE_DIRECTORY \"${generated}\")
  write(man --quiet --write \"${generated}/man\")
  write(completion bash OUTPUT_FILE \"${generated}/linnet\")
  write(completion zsh OUTPUT_FILE \"${generated}/_linnet\")
  write(completion fish OUTPUT_FILE \"${generated}/linnet.fish\")")
install(DIRECTORY ${generated}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
set(share ${CMAKE_INSTALL_DATADIR})
install(FILES ${generated}/linnet DESTINATION ${share}/bash-completion/completions)
install(FILES ${generated}/_linnet DESTINATION ${share}/zsh/vendor-completions)
install(FILES ${generated}/linnet.fish DESTINATION ${share}/fish/vendor_completions.d)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME linnet)
set(CPACK_PACKAGE_CONTACT "The linnet authors <authors@linnet.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)  # depends on the libraries that the program is linked to
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "runs small language models on this machine
 One program that pulls, runs and serves language models of 10 million to 8
 billion parameters on ordinary processors, without Python and without a GPU.")
include(CPack)
