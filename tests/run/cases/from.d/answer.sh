# answer.sh RUN REVIEW CHOICE...: as soon as it is open.
while true; do
  hwf review answer "$@" > answer 2>&1
  status=$?
  if [ $status = 0 ] || [ $status = 75 ]; then exit 0; fi
  sleep 0.1
done
