# embed(<module> <file> <symbol>): the bytes of src/<module>/<file> become part of the module, as
#   namespace linnet { extern const std::string_view <symbol>; }
function(embed module file symbol)
  if(NOT TARGET ${module})
    return()  # a build of other modules only
  endif()
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${module}/${file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} bytes HEX)
  file(SIZE ${source} size)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  set(out ${CMAKE_BINARY_DIR}/embedded/${module}/${symbol}.cc)
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT [[
#include <string_view>
namespace linnet {
static constexpr char bytes[] = {
@bytes@};
extern const std::string_view @symbol@;
const std::string_view @symbol@(bytes, @size@);
}
]])
  target_sources(${module} PRIVATE ${out})
endfunction()
