# Installs the build tree, then configures, builds and runs a project that knows the package only.
set(prefix "${work_dir}/prefix")
set(build "${work_dir}/consumer")
file(REMOVE_RECURSE "${prefix}" "${build}")

function(run what)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${work_dir}"
    RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed (${status}):\n${out}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

run("installing" "${CMAKE_COMMAND}" --install "${build_dir}" --prefix "${prefix}")
list(JOIN prefix_path ":" others)  # what a list on a command line is cut at
set(ENV{CMAKE_PREFIX_PATH} "${prefix}:${others}")
set(configure "${CMAKE_COMMAND}" -S "${consumer_dir}" -B "${build}" -G "${generator}"
  "-DCMAKE_CXX_COMPILER=${compiler}"
  "-DCMAKE_CXX_COMPILER_LAUNCHER=${launcher}" "-DCMAKE_CXX_FLAGS=${flags}"
  "-DCOUNTER_DIR=${counter_dir}" "-DCAF_ACTOR=${caf_actor}")

# Without rapidcheck and SQLite all is there but what stands on them; who asks for that is told.
set(without -DCMAKE_DISABLE_FIND_PACKAGE_rapidcheck=ON -DCMAKE_DISABLE_FIND_PACKAGE_SQLite3=ON)
foreach(component IN ITEMS histories sqlite)
  execute_process(COMMAND ${configure} ${without} -DCOMPONENTS=${component}
    RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(status EQUAL 0 OR NOT out MATCHES "fasti::${component} needs")
    message(FATAL_ERROR "a component that is not there is not missed (${status}):\n${out}")
  endif()
  file(REMOVE_RECURSE "${build}")
endforeach()
run("configuring without them" ${configure} ${without})
file(REMOVE_RECURSE "${build}")
run("configuring" ${configure})
foreach(component IN ITEMS histories sqlite)
  if(${component})
    run("configuring with ${component}" ${configure} -DCOMPONENTS=${component})
  endif()
endforeach()
run("building" "${CMAKE_COMMAND}" --build "${build}")
run("running" "${build}/consumer" "${build}/counter.fasti")
message(STATUS "${out}")
if(NOT out MATCHES "total: [0-9]+")
  message(FATAL_ERROR "the program's output holds no total")
endif()
run("running on CAF" "${build}/caf_consumer" "${build}/caf.fasti")
if(NOT out MATCHES "total: 3\n")
  message(FATAL_ERROR "the program with actors of its own says no total:\n${out}")
endif()

run("showing figures" "${build}/http_consumer" "${build}/http.fasti")
if(NOT out MATCHES "figures at http://127.0.0.1:[0-9]+/metrics\n")
  message(FATAL_ERROR "the program with figures says no address:\n${out}")
endif()

if(sqlite)
  run("keeping a table" "${build}/sqlite_consumer" "${build}/sqlite.fasti")
  if(NOT out MATCHES "a table called sums\n")
    message(FATAL_ERROR "the program with a table does not say so:\n${out}")
  endif()
endif()

if(histories)
  run("running" "${build}/tests_of_a_decider")
  if(NOT out MATCHES "Add: [0-9]+ accepted")
    message(FATAL_ERROR "the generated histories have no report:\n${out}")
  endif()
endif()

# What the package shows is the public surface: no room's own header, no engine's.
file(GLOB_RECURSE headers RELATIVE "${prefix}/include" "${prefix}/include/*")
foreach(header IN LISTS headers)
  if(NOT header MATCHES "^fasti/")
    message(FATAL_ERROR "installed, but not public: ${header}")
  endif()
endforeach()
