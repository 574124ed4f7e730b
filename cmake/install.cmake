# What `make install` puts where, and the Debian package. The tree may be moved as a whole: the program finds its workers, its
# SDK and its plugins beside itself, and plugins find Arrow by a path relative to themselves.
#
#   bin/mortise                     the program
#   libexec/mortise/                mortise-launcher, mortise-worker; environments/: what finds packages for plugins
#   lib/mortise/arrow/              Arrow C++, for the first-party plugins alone
#   share/mortise/plugins/NAME/     the first-party plugins
#   share/mortise/python/mortise/   the Python SDK
#   share/mortise/go/               the Go SDK, as source
#   share/mortise/dialects/NAME/    what makes plugins of other guides run: the modules they import, and their adapters
#   lib/mortise/r/mortise/          the R SDK, where R was found when it was built
#   share/mortise/quickstart, data  the quick start
#   include/mortise/, include/mlos/ what plugins in C and C++ are built with; share/pkgconfig/mortise.pc says where it is
#   share/mortise/templates/        what `mortise new` begins with
include(GNUInstallDirs)

install(TARGETS mortise RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS mortise-launcher mortise-worker RUNTIME DESTINATION libexec/mortise)
install(TARGETS mortise_zygote LIBRARY DESTINATION libexec/mortise)
install(DIRECTORY include/mortise include/mlos DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(DIRECTORY sdk/python/mortise DESTINATION share/mortise/python FILES_MATCHING PATTERN "*.py" PATTERN "py.typed"
        PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY sdk/go/ DESTINATION share/mortise/go FILES_MATCHING PATTERN "*.go" PATTERN "go.mod"
        PATTERN "*_test.go" EXCLUDE)
install(DIRECTORY sdk/dialects/ DESTINATION share/mortise/dialects PATTERN "__pycache__" EXCLUDE PATTERN "*_test.py" EXCLUDE)
install(FILES src/environments/python_environment.py src/environments/r_environment.R DESTINATION libexec/mortise/environments)
configure_file(packaging/mortise.pc.in ${CMAKE_BINARY_DIR}/packaging/mortise.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/packaging/mortise.pc DESTINATION share/pkgconfig)
install(DIRECTORY sdk/templates DESTINATION share/mortise USE_SOURCE_PERMISSIONS PATTERN ".clang-format" EXCLUDE)
install(DIRECTORY ${CMAKE_BINARY_DIR}/r/mortise DESTINATION lib/mortise/r OPTIONAL USE_SOURCE_PERMISSIONS)
install(FILES examples/quickstart/weather.yaml DESTINATION share/mortise/quickstart)
install(FILES examples/data/seattle-weather.csv examples/data/README.md DESTINATION share/mortise/data)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The libraries of plugins are installed as targets, which sets their run path; the rest of their folders as it is.
get_property(plugins GLOBAL PROPERTY MORTISE_FIRST_PARTY_PLUGINS)
foreach(name ${plugins})
  set_target_properties(plugin_${name} PROPERTIES INSTALL_RPATH "$ORIGIN/../../../../lib/mortise/arrow")
  install(TARGETS plugin_${name} LIBRARY DESTINATION share/mortise/plugins/${name})
endforeach()
install(DIRECTORY ${CMAKE_BINARY_DIR}/plugins/ DESTINATION share/mortise/plugins
        PATTERN "*.so" EXCLUDE PATTERN "__pycache__" EXCLUDE)
get_property(arrow GLOBAL PROPERTY MORTISE_ARROW_FILES)
install(PROGRAMS ${arrow} DESTINATION lib/mortise/arrow)

# Completion and the manual page come from the program's own tables.
set(words ${CMAKE_BINARY_DIR}/words)
foreach(kind bash zsh fish man)
  add_custom_command(OUTPUT ${words}/${kind} DEPENDS mortise
    COMMAND ${CMAKE_COMMAND} -E make_directory ${words}
    COMMAND mortise completion ${kind} > ${words}/${kind}.new
    COMMAND ${CMAKE_COMMAND} -E rename ${words}/${kind}.new ${words}/${kind})
  list(APPEND word_files ${words}/${kind})
endforeach()
add_custom_target(words ALL DEPENDS ${word_files})
install(FILES ${words}/bash DESTINATION share/bash-completion/completions RENAME mortise)
install(FILES ${words}/zsh DESTINATION share/zsh/vendor-completions RENAME _mortise)
install(FILES ${words}/fish DESTINATION share/fish/vendor_completions.d RENAME mortise.fish)
install(FILES ${words}/man DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 RENAME mortise.1)

configure_file(packaging/mortise.service.in ${CMAKE_BINARY_DIR}/packaging/mortise.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/packaging/mortise.service DESTINATION lib/systemd/system)
if(MORTISE_SYSTEM_FILES)
  install(FILES packaging/mortise.yaml DESTINATION /etc/mortise)
else()
  install(FILES packaging/mortise.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mortise)
set(CPACK_PACKAGE_CONTACT "The Mortise authors <mortise@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "host for plugins that work on data and models")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${MORTISE_ARROW_FOLDER})
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, python3 (>= 3.11)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-numpy")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "r-base-core, golang-go")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${CMAKE_SOURCE_DIR}/packaging/postinst;${CMAKE_SOURCE_DIR}/packaging/prerm;${CMAKE_SOURCE_DIR}/packaging/postrm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
