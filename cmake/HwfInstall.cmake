# `cmake --install build/release --prefix DIR`: the programs side by side (hwf starts the hwfc and the hwf-runner that lie
# beside it), the Python module for tasks, the
# standard library's modules, the templates of `hwf new`, the manual page and bash's completion, which hwf itself writes.
include(GNUInstallDirs)
install(TARGETS hwf hwfc hwf-runner hwf-task RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# What scripts/build-aarch64 has made, if it was called: hwf takes it to aarch64 machines.
install(PROGRAMS ${CMAKE_SOURCE_DIR}/build/aarch64/bin/hwf-runner-aarch64 ${CMAKE_SOURCE_DIR}/build/aarch64/bin/hwf-task-aarch64
        DESTINATION ${CMAKE_INSTALL_BINDIR} OPTIONAL)
install(FILES ${CMAKE_SOURCE_DIR}/runtime/task/hwf_task.py DESTINATION ${CMAKE_INSTALL_DATADIR}/hwf/python)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/stdlib/ DESTINATION ${CMAKE_INSTALL_DATADIR}/hwf/std FILES_MATCHING PATTERN "*.hwf")
install(DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/templates DESTINATION ${CMAKE_INSTALL_DATADIR}/hwf)
set(made ${CMAKE_BINARY_DIR}/share)
install(CODE "
  file(MAKE_DIRECTORY ${made})
  execute_process(COMMAND $<TARGET_FILE:hwf> man OUTPUT_FILE ${made}/hwf.1 COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND $<TARGET_FILE:hwf> completion bash OUTPUT_FILE ${made}/hwf.bash COMMAND_ERROR_IS_FATAL ANY)
")
install(FILES ${made}/hwf.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${made}/hwf.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME hwf)
